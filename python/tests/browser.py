"""A real browser for tests: chromium, driven by chromedriver over W3C WebDriver, with the standard library alone."""

import base64
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request

#: The programs that must be there: Debian's packages chromium and chromium-driver.
PROGRAMS = ("chromium", "chromedriver")

#: Keys by their code points in WebDriver.
TAB, ENTER, HOME, END, LEFT, RIGHT = "\ue004", "\ue007", "\ue011", "\ue010", "\ue012", "\ue014"

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def missing():
    """Return the reason why there is no browser, or None."""
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    return f"{' and '.join(absent)} not installed: apt install chromium chromium-driver" if absent else None


class BrowserError(Exception):
    """An error that chromedriver reports."""


class Browser:
    """One window of a browser without a screen."""

    def __init__(self):
        # Port 0 lets the system choose a free port; chromedriver prints the one that it got.
        self._driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        port = None
        for line in self._driver.stdout:
            if "started successfully on port" in line:
                port = int(line.rsplit("port", 1)[1].strip().rstrip("."))
                break
        if port is None:
            raise BrowserError("chromedriver ended without a port")
        self._root = f"http://127.0.0.1:{port}"
        options = {
            "binary": shutil.which("chromium"),
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=en"],
        }
        capabilities = {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL"},
        }
        made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
        self._session = f"/session/{made['sessionId']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._call("DELETE", self._session)
        finally:
            self._driver.terminate()
            self._driver.wait(10)
            self._driver.stdout.close()

    def _call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self._root + path, data, {"Content-Type": "application/json"}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise BrowserError(json.load(error)["value"]["message"]) from None

    def _post(self, path, body=None):
        return self._call("POST", self._session + path, body or {})

    def open(self, path):
        """Open a file and wait until the page says that it is complete."""
        self._post("/url", {"url": "file://" + str(path)})

    def wait(self, script, seconds=30):
        """Wait until an expression is true."""
        end = time.monotonic() + seconds
        while not self.run(f"return Boolean({script})"):
            if time.monotonic() > end:
                raise BrowserError(f"after {seconds} s still false: {script}")
            time.sleep(0.02)

    def run(self, script, *arguments):
        """Run a script in the page and return its value."""
        return self._post("/execute/sync", {"script": script, "args": list(arguments)})

    def devtools(self, command, **parameters):
        """Send a command of the DevTools protocol."""
        return self._post("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def press(self, *keys):
        """Press keys, one after the other, wherever the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._post("/actions", {"actions": [{"type": "key", "id": "keys", "actions": actions}]})

    def click(self, selector):
        """Click an element in its middle, as a person would."""
        found = self._post("/element", {"using": "css selector", "value": selector})
        self._post(f"/element/{found[_ELEMENT]}/click")

    def type(self, selector, text):
        """Type text into a field."""
        found = self._post("/element", {"using": "css selector", "value": selector})
        self._post(f"/element/{found[_ELEMENT]}/clear")
        self._post(f"/element/{found[_ELEMENT]}/value", {"text": text})

    def resize(self, width, height=900):
        """Give the page this width, also below the smallest width of a window."""
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def prefer(self, scheme):
        """Prefer a colour scheme: light or dark."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.devtools("Emulation.setEmulatedMedia", features=[feature])

    def console(self):
        """Return what the page has written to the console since the last call, errors and warnings."""
        entries = self._post("/se/log", {"type": "browser"})
        return [entry["message"] for entry in entries if entry["level"] in ("SEVERE", "WARNING")]

    def screenshot(self, path, whole=True):
        """Write a picture of the page."""
        shot = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))

    def pdf(self):
        """Return the printed page as the bytes of a PDF."""
        return base64.b64decode(self.devtools("Page.printToPDF", printBackground=True)["data"])
