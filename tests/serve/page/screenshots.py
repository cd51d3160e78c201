"""Takes the screenshots of docs/serving.md, with what janus-tiny makes:

    JANUS_PROGRAM=build/release/bin/janus JANUS_SHOTS=. python3 tests/serve/page/screenshots.py docs/images
"""

import pathlib
import sys
import time

from page import PICTURES, PROMPT, PageTest, Server
from browser import Browser


class Steps(PageTest):
    """The steps of the tests, on a browser of its own."""

    def __init__(self, server, browser):
        super().__init__("ready")
        self.server, self.browser = server, browser
        browser.open(server.address)
        self.ready()


folder = pathlib.Path(sys.argv[1])
with Server() as server:
    with Browser(width=1120, height=860) as browser:
        steps = Steps(server, browser)
        steps.draw("a yellow star above a green ring on a black background", seed=3)
        steps.images(1)
        # Slow enough for a screenshot in between.
        browser.command("Network.enable")
        browser.command("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=24000, uploadThroughput=1e6)
        steps.draw(PROMPT, seed=7, count=3)
        browser.until("half of an image", "return [...document.querySelectorAll('.figure')].every((each) => each.dataset.partials >= 4)", seconds=60)
        browser.run("document.activeElement.blur()")
        browser.webp(folder / "page-draw.webp")
    with Browser(width=1120, height=860) as browser:
        steps = Steps(server, browser)
        browser.find("nav a[href='#ask']").click()
        steps.attach(PICTURES / "star.png")
        browser.find("#ask-send").click()
        steps.answer()
        browser.find("#ask-form [name=seed]")
        browser.run("document.querySelector('#ask-form [name=seed]').value = '3'")
        browser.find("#question").type("a yellow star above a green ring on a black background")
        browser.find("#ask-draw").click()
        steps.images(1)
        browser.until("the image to be attached", "return document.querySelectorAll('#attached img').length === 1")
        browser.webp(folder / "page-ask.webp")
    with Browser(width=390, height=844, dark=True, phone=True) as browser:
        steps = Steps(server, browser)
        steps.draw(PROMPT, seed=7, count=1)
        steps.images(1)
        browser.run("document.activeElement.blur()")
        time.sleep(0.5)  # colours change softly
        browser.command("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True)
        browser.webp(folder / "page-phone.webp")
