"""Questions about images, and images drawn between them."""

import tempfile

from page import PICTURES, PROMPT, PageTest, described

STAR = PICTURES / "star.png"

# Drags what an element is onto another one, as a mouse does.
DRAG = """
const carried = new DataTransfer();
const send = (kind, node) => node.dispatchEvent(new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: carried}));
const [from, to] = arguments.length > 1 ? arguments : [null, arguments[0]];
send('dragstart', from);
send('dragover', document.querySelector('#main'));
send('dragover', to);
send('drop', to);
send('dragend', from);
"""
# A PNG that the page itself makes, as a browser hands it over.
WITH_FILE = """
const canvas = document.createElement('canvas');
canvas.width = canvas.height = 64;
canvas.getContext('2d').fillRect(16, 16, 32, 32);
return new Promise((resolve) => canvas.toBlob(resolve)).then((blob) => {
  const carried = new DataTransfer();
  carried.items.add(new File([blob], 'made.png', {type: 'image/png'}));
  %s
});
"""


class AskTest(PageTest):
    def setUp(self):
        super().setUp()
        self.ready()
        self.browser.find("nav a[href='#ask']").click()

    def test_an_answer_is_streamed_and_is_that_of_the_command(self):
        self.browser.run("""
          window.pieces = [];
          new MutationObserver(() => {
            const text = document.querySelector('.turn:not(.user) .said')?.textContent;
            if (text && pieces.at(-1) !== text) pieces.push(text);
          }).observe(document.getElementById('log'), {subtree: true, childList: true, characterData: true});""")
        self.attach(STAR)
        self.browser.find("#ask-send").click()
        text = self.answer().strip()
        self.assertEqual(text, described(STAR))
        self.assertGreater(len(self.browser.run("return pieces")), 1)
        self.browser.until("the answer to be announced", "return document.querySelector('#announcer').textContent.includes(arguments[0])", text)
        self.shot("ask-light")

    def test_turns_go_on_and_hold_their_images(self):
        self.attach(STAR)
        self.browser.find("#ask-send").click()
        self.answer()
        self.browser.find("#question").type("Describe this image.")
        self.browser.press("enter")
        self.answer(2)
        self.attach(PICTURES / "cross.png", PICTURES / "ring_below.jpg")
        self.browser.find("#question").type("Describe the second image.")
        self.browser.find("#ask-send").click()
        self.answer(3)
        self.assertEqual(self.browser.run("return document.querySelectorAll('.turn.user img').length"), 3)

    def test_an_image_is_drawn_within_and_asked_about(self):
        self.browser.find("#question").type(PROMPT)
        self.browser.find("#ask-draw").click()
        self.images(1)
        self.browser.until("the image to be attached", "return document.querySelectorAll('#attached img').length === 1")
        self.browser.find("#ask-send").click()
        self.assertIn("red circle", self.answer())
        self.browser.run("window.scrollTo(0, 0)")
        self.shot("chat-light")

    def test_an_image_of_the_gallery_is_dragged_into_a_question(self):
        self.browser.find("nav a[href='#draw']").click()
        self.draw("a green ring on a black background")
        self.images(1)
        self.browser.run("const [from, to] = [document.querySelector('#thumbs button'), document.querySelector('#ask-form')];"
                         + DRAG.replace("const [from, to] = arguments.length > 1 ? arguments : [null, arguments[0]];", ""))
        self.browser.until("the image to be attached", "return document.querySelectorAll('#attached img').length === 1")
        self.assertEqual(self.browser.run("return document.body.dataset.view"), "ask")
        self.browser.find("#ask-send").click()
        self.assertIn("green ring", self.answer())

    def test_files_are_dropped_and_pasted(self):
        self.browser.run(WITH_FILE % """
          document.querySelector('#drop').dispatchEvent(
            new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: carried}));""")
        self.browser.until("the dropped image", "return document.querySelectorAll('#attached img').length === 1")
        self.browser.run(WITH_FILE % """
          document.querySelector('#question').dispatchEvent(
            new ClipboardEvent('paste', {bubbles: true, cancelable: true, clipboardData: carried}));""")
        self.browser.until("the pasted image", "return document.querySelectorAll('#attached img').length === 2")
        self.browser.find("#attached button").click()
        self.assertEqual(self.browser.run("return document.querySelectorAll('#attached img').length"), 1)

    def test_what_is_no_image_is_said_and_the_question_comes_back(self):
        self.expected_errors = ("400 (Bad Request)",)
        with tempfile.NamedTemporaryFile(suffix=".png") as file:
            file.write(b"no image at all")
            file.flush()
            self.attach(file.name)
            self.browser.find("#question").type("What is it?")
            self.browser.find("#ask-send").click()
            self.browser.until("an error", "return document.querySelector('.turn .problem')?.textContent.includes('image')")
        self.assertEqual(self.browser.run("return document.querySelector('#question').value"), "What is it?")
        self.assertEqual(self.browser.run("return document.querySelectorAll('#attached li').length"), 1)
        self.browser.find("#attached button").click()
        self.attach(STAR)
        self.browser.find("#question").fill("")
        self.browser.find("#ask-send").click()
        self.assertEqual(self.answer(2).strip(), described(STAR))

    def test_the_last_question_is_taken_back(self):
        self.attach(STAR)
        self.browser.find("#ask-send").click()
        self.answer()
        self.browser.run("[...document.querySelectorAll('.under button')].find((each) => each.textContent === 'Take back').click()")
        self.assertEqual(self.browser.run("return document.querySelectorAll('.turn').length"), 0)
        self.assertEqual(self.browser.run("return document.querySelectorAll('#attached img').length"), 1)
