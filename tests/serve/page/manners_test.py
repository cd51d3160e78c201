"""Keys, small screens, colours, and what a screen reader is told."""

import tempfile

from page import PICTURES, PageTest

# The contrast of every text that is shown with what lies behind it (WCAG 2.2, 1.4.3), where it is too low.
LOW_CONTRAST = """
const context = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const rgb = (colour) => {
  context.clearRect(0, 0, 1, 1);
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data];
};
const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
  .reduce((sum, c, k) => sum + c * [0.2126, 0.7152, 0.0722][k], 0);
const behind = (node) => {
  for (; node; node = node.parentElement) {
    const colour = rgb(getComputedStyle(node).backgroundColor);
    if (colour[3] === 255) return colour;
  }
  return [255, 255, 255];
};
const low = [];
for (const node of document.querySelectorAll('body *')) {
  const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
  if (!own || !node.checkVisibility({opacityProperty: true}) || node.closest('.hidden, .skip')) continue;
  const [a, b] = [light(rgb(getComputedStyle(node).color)), light(behind(node))];
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < 4.5) low.push(`${node.tagName} ${node.textContent.trim().slice(0, 30)}: ${contrast.toFixed(2)}`);
}
return low;
"""


class MannersTest(PageTest):
    def nameless(self):
        """What can have the focus and has no name for a screen reader."""
        nodes = self.browser.command("Accessibility.getFullAXTree")["nodes"]
        focusable = [node for node in nodes if not node["ignored"] and any(
            each["name"] == "focusable" and each["value"]["value"] for each in node.get("properties", []))]
        self.assertGreater(len(focusable), 10)
        return [node["role"]["value"] for node in focusable
                if not node.get("name", {}).get("value") and node["role"]["value"] not in ("RootWebArea", "main")]

    def fill_both_views(self):
        self.ready()
        self.draw(count=2)
        self.images(2)
        self.browser.find("nav a[href='#ask']").click()
        self.attach(PICTURES / "star.png")
        self.browser.find("#ask-send").click()
        self.answer()

    def test_everything_has_a_name_and_nothing_comes_from_elsewhere(self):
        self.fill_both_views()
        self.assertEqual(self.nameless(), [])
        self.assertEqual(self.browser.run("return [...document.images].filter((each) => !each.hasAttribute('alt')).length"), 0)
        self.browser.find("nav a[href='#draw']").click()
        self.browser.run("document.querySelector('#draw-more').open = true")
        self.assertEqual(self.nameless(), [])
        outside = self.browser.run("""return performance.getEntriesByType('resource').map((each) => each.name)
          .filter((name) => !name.startsWith(location.origin) && !name.startsWith('blob:' + location.origin))""")
        self.assertEqual(outside, [])

    def test_the_keyboard_reaches_everything_and_shows_where_it_is(self):
        self.ready()
        reached = []
        for _ in range(40):
            self.browser.press("tab")
            where = self.browser.run("""
              const node = document.activeElement, style = getComputedStyle(node);
              const field = node.closest('.composer');
              return {id: node.getAttribute('name') || node.id || node.tagName, shown:
                (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2) ||
                (node.tagName === 'TEXTAREA' && getComputedStyle(field).borderColor !== getComputedStyle(document.querySelector('.bar')).borderBottomColor)};""")
            if where["id"] == "BODY":
                break
            self.assertTrue(where["shown"], where)
            reached.append(where["id"])
        for wanted in "skip", "theme", "help", "prompt", "count", "seed", "guidance", "temperature", "draw-start", "SUMMARY":
            self.assertIn(wanted, reached)

    def test_shortcuts(self):
        self.ready()
        press = self.browser.press
        press("a")
        self.assertEqual(self.view, "ask")
        press("/")
        self.assertEqual(self.browser.run("return document.activeElement.id"), "question")
        press("d")  # a letter of the question
        self.assertEqual((self.view, self.browser.run("return document.querySelector('#question').value")), ("ask", "d"))
        self.browser.run("document.activeElement.blur()")
        press("d")
        self.assertEqual(self.view, "draw")
        press("t")
        self.assertEqual(self.browser.run("return document.documentElement.dataset.theme"), "light")
        press("?")
        self.assertTrue(self.browser.find("#shortcuts").shown)
        self.shot("shortcuts-light")
        self.browser.find("#single-keys").click()
        press("escape")
        press("a")
        self.assertEqual(self.view, "draw")

    def test_contrast(self):
        self.fill_both_views()
        for theme in "light", "dark":
            self.browser.run("document.documentElement.dataset.theme = arguments[0]", theme)
            for view in "ask", "draw":
                self.browser.find(f"nav a[href='#{view}']").click()
                self.assertEqual(self.browser.run(LOW_CONTRAST), [], f"{view}, {theme}")


class DarkTest(PageTest):
    window = {"dark": True}

    def test_the_system_decides_until_the_switch_does(self):
        ground = lambda: self.browser.run("return getComputedStyle(document.body).backgroundColor")
        self.ready()
        dark = ground()
        self.draw(count=3)
        self.images(3)
        self.shot("draw-dark")
        self.browser.find("#theme").click()
        self.assertNotEqual(ground(), dark)
        self.browser.find("#theme").click()
        self.assertEqual(ground(), dark)
        self.browser.run("document.documentElement.dataset.theme = 'light'")
        self.browser.open(self.server.address)
        self.assertEqual(self.browser.run("return document.documentElement.dataset.theme"), "dark")


class PhoneTest(PageTest):
    window = {"width": 390, "height": 844, "phone": True}

    def test_nothing_is_wider_than_the_screen(self):
        self.ready()
        wider = lambda: self.browser.run("return document.documentElement.scrollWidth - window.innerWidth")
        self.draw(count=2)
        self.images(2)
        self.assertLessEqual(wider(), 0)
        self.shot("draw-phone")
        self.browser.find("nav a[href='#gallery']").click()
        self.assertTrue(self.browser.find("#thumbs button").shown)
        self.assertLessEqual(wider(), 0)
        self.shot("gallery-phone")
        self.browser.find("#thumbs button").click()
        self.assertLessEqual(wider(), 0)
        self.shot("details-phone")
        self.browser.run("[...document.querySelectorAll('#details .actions button')].find((each) => each.textContent === 'Ask about it').click()")
        self.browser.until("the image", "return document.querySelectorAll('#attached img').length === 1")
        self.browser.find("#ask-send").click()
        self.answer()
        self.assertLessEqual(wider(), 0)
        self.shot("ask-phone")

    def test_a_narrow_screen_and_large_controls(self):
        self.ready()
        self.browser.command("Emulation.setDeviceMetricsOverride", width=320, height=640, deviceScaleFactor=2, mobile=True)
        self.assertLessEqual(self.browser.run("return document.documentElement.scrollWidth - window.innerWidth"), 0)
        small = self.browser.run("""return [...document.querySelectorAll('button, input, select, a, summary')]
          .filter((each) => each.checkVisibility() && !each.closest('.skip, .hidden'))
          .filter((each) => each.getBoundingClientRect().height < 24 && !each.classList.contains('seed'))
          .map((each) => each.outerHTML.slice(0, 80))""")
        self.assertEqual(small, [])


class KeyTest(PageTest):
    @classmethod
    def setUpClass(cls):
        cls.file = tempfile.NamedTemporaryFile("w", suffix=".keys")
        cls.file.write("sesame-open\n")
        cls.file.flush()
        cls.addClassCleanup(cls.file.close)
        cls.options = ("--api-key-file", cls.file.name)
        super().setUpClass()

    def test_the_key_is_asked_for_and_kept_in_the_tab(self):
        self.expected_errors = ("401 (Unauthorized)",)
        self.browser.until("the question for a key", "return document.querySelector('#key-dialog').open")
        self.shot("key-light")
        self.browser.find("#key").type("wrong")
        self.browser.press("enter")
        self.browser.until("a second question", "return document.querySelector('#key-dialog').open && !document.querySelector('#key-problem').hidden")
        self.browser.find("#key").type("sesame-open")
        self.browser.press("enter")
        self.ready()
        self.draw()
        self.images(1)
        self.assertEqual(self.browser.run("return [Object.values(sessionStorage), Object.values(localStorage)]"), [["sesame-open"], []])

    def test_without_a_key_the_page_says_so(self):
        self.expected_errors = ("401 (Unauthorized)",)
        self.browser.until("the question for a key", "return document.querySelector('#key-dialog').open")
        self.browser.press("escape")
        self.browser.until("the state", "return document.querySelector('#status').textContent === 'needs a key'")
        self.draw()
        self.browser.until("the question again", "return document.querySelector('#key-dialog').open")
        self.browser.find("#key-cancel").click()
        self.browser.until("an error", "return document.querySelector('.figure .problem')")
