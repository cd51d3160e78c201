"""Prompts that become images."""

from page import PICTURES, PROMPT, PageTest, generated

# How far the first image had come, each time that its picture changed.
RECORD = """
window.heights = [];
const note = () => {
  const image = document.querySelector('.figure .tile img');
  const cut = image?.style.clipPath.match(/inset\\(0(?:px|%)? 0(?:px|%)? ([0-9.]+)%/);
  const height = cut ? 100 - Number(cut[1]) : null;
  if (height !== null && heights.at(-1) !== height) heights.push(height);
};
new MutationObserver(note).observe(document.getElementById('stage'), {subtree: true, childList: true, attributes: true});
"""
# Whether an image element of the page has the pixels of a PNG in base64.
SAME_PIXELS = """
const pixels = async (source) => {
  const canvas = document.createElement('canvas');
  canvas.width = source.naturalWidth;
  canvas.height = source.naturalHeight;
  const context = canvas.getContext('2d');
  context.drawImage(source, 0, 0);
  return [canvas.width, canvas.height, ...context.getImageData(0, 0, canvas.width, canvas.height).data].join();
};
const bytes = Uint8Array.from(atob(arguments[1]), (letter) => letter.charCodeAt(0));
const other = new Image();
other.src = URL.createObjectURL(new Blob([bytes], {type: 'image/png'}));
return other.decode().then(() => Promise.all([pixels(arguments[0]), pixels(other)])).then(([a, b]) => a === b);
"""


class DrawTest(PageTest):
    def test_an_image_grows_row_by_row_and_is_that_of_the_command(self):
        self.ready()
        self.browser.run(RECORD)
        self.draw(seed=7)
        self.images(1)
        heights = self.browser.run("return heights")
        before_the_last = [height for height in heights if height < 100]
        self.assertGreaterEqual(len(before_the_last), 2, heights)
        self.assertEqual(heights, sorted(heights))
        self.assertIn("seed 7", self.browser.find(".figure .seed").text)
        same = self.browser.run("const image = document.querySelector('#thumbs img');" + SAME_PIXELS.replace("arguments[0]", "image")
                                .replace("arguments[1]", "arguments[0]"), generated(PROMPT, 7))
        self.assertTrue(same)

    def test_several_images_count_their_seeds_on(self):
        self.ready()
        self.draw(count=3, seed=4294967295)
        self.images(3)
        seeds = self.browser.run("return [...document.querySelectorAll('.figure .seed')].map((each) => each.textContent)")
        self.assertEqual(seeds, ["seed 4294967295", "seed 0", "seed 1"])
        self.shot("draw-light")

    def test_again_with_this_seed_fills_in_every_setting(self):
        self.ready()
        self.browser.run("document.querySelector('#draw-more').open = true")
        self.draw(seed=11, guidance=4, temperature=0.9, top_k=50, top_p=0.95, negative="a red ring on a gray background")
        self.images(1)
        self.browser.run("document.querySelector('#draw-form').reset(); document.querySelector('#prompt').value = ''")
        self.browser.find("#thumbs button").click()
        facts = self.browser.find("#details").text
        for part in PROMPT, "11", "0.9", "50", "0.95", "a red ring on a gray background", "janus-tiny":
            self.assertIn(part, facts)
        self.shot("details-light")
        self.browser.find("#details .primary").click()
        filled = self.browser.run("return Object.fromEntries(new FormData(document.querySelector('#draw-form')))")
        self.assertEqual(filled, {"prompt": PROMPT, "count": "1", "seed": "11", "guidance": "4", "temperature": "0.9",
                                  "negative": "a red ring on a gray background", "best_of": "1", "top_k": "50", "top_p": "0.95"})

    def test_the_best_of_several_is_kept(self):
        self.ready()
        self.browser.run("document.querySelector('#draw-more').open = true")
        if not self.browser.find("#draw-form [name=best_of]").shown:
            self.skipTest("the server ranks no images")
        self.draw(seed=126, best_of=4, prompt="a large red star on a white background")
        self.images(1)
        self.browser.find("#thumbs button").click()
        facts = self.browser.find("#details .facts").text
        for seed in 126, 127, 128, 129:
            self.assertIn(str(seed), facts)

    def test_stop_ends_what_is_drawn_and_the_next_prompt_works(self):
        self.ready()
        self.draw(count=16)
        self.browser.until("a first row", "return document.querySelector('.figure:not([data-partials=\"0\"])')")
        self.browser.press("escape")
        self.browser.until("the end of all", "return document.querySelectorAll('.figure[aria-busy]').length === 0")
        stopped = self.browser.run("return [...document.querySelectorAll('.words')].filter((each) => each.textContent === 'stopped').length")
        self.assertGreater(stopped, 0)
        before = self.browser.run("return document.querySelectorAll('#thumbs li').length")
        self.assertEqual(self.browser.find("#draw-start").text, "Draw")
        self.draw(count=1)
        self.images(before + 1)

    def test_wrong_settings_are_said_before_anything_is_asked(self):
        self.ready()
        self.draw(seed=4294967296)
        self.assertIn("whole number", self.browser.run("return document.querySelector('#draw-form [name=seed]').validationMessage"))
        self.assertEqual(self.browser.run("return document.querySelectorAll('.figure').length"), 0)

    def test_an_error_of_the_server_is_shown_in_its_words(self):
        self.expected_errors = ("400 (Bad Request)",)
        self.ready()
        self.draw(prompt="a red circle " * 3000)
        self.browser.until("an error", "return document.querySelector('.figure .problem')?.textContent.includes('expected')")
        self.assertEqual(self.browser.run("return document.querySelector('.figure .problem').getAttribute('role')"), "alert")
        self.shot("error-light")


class AwayTest(PageTest):
    def test_a_server_that_is_gone_is_said(self):
        self.expected_errors = ("ERR_CONNECTION_REFUSED",)
        self.ready()
        self.server.stop()
        self.draw()
        self.browser.until("words", "return document.querySelector('.figure .problem')?.textContent.includes('does not answer')")
        self.browser.until("the state", "return document.querySelector('#status').textContent === 'no answer'")


class QueueTest(PageTest):
    options = ("--rows", "2")  # one image at a time

    def test_the_place_in_the_queue_is_shown(self):
        self.ready()
        self.browser.run("""
          window.states = new Set();
          new MutationObserver(() => {
            for (const each of document.querySelectorAll('.figure .state')) states.add(each.textContent);
          }).observe(document.getElementById('stage'), {subtree: true, childList: true, characterData: true});""")
        self.draw(count=4)
        self.images(4)
        states = self.browser.run("return [...states]")
        self.assertTrue(any("in the queue" in state for state in states), states)


class ModelsTest(PageTest):
    options = ("-m", "janus-tiny", "-m", str(PICTURES.parent / "janus-tiny" / "model"))

    def test_one_of_several_models_is_chosen(self):
        self.ready()
        names = self.browser.run("return [...document.querySelectorAll('#model option')].map((each) => each.value)")
        self.assertEqual((len(names), names[0]), (2, "janus-tiny"))
        self.assertTrue(self.browser.find(".tiny-note").shown)
        self.browser.find(f"#model option[value='{names[1]}']").click()
        self.assertFalse(self.browser.find(".tiny-note").shown)
        self.draw(seed=7)
        self.images(1)
        self.browser.find("#thumbs button").click()
        self.assertIn(names[1], self.browser.find("#details .facts").text)
