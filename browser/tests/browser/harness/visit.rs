//! A browser window on a server: the one file that knows the driver's library.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::{
    By, ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, TypingData, WebDriver,
};
use tokio::runtime::{Builder, Runtime};

use super::driver::Plain;
use super::{Programs, Running, Served, folder};

/// The width and height of a desktop's window here.
pub const DESK: (u32, u32) = (1280, 900);
/// Those of a telephone.
pub const PHONE: (u32, u32) = (390, 844);

/// A window of a browser of its own, closed when this goes out of scope.
pub struct Visit {
    driver: Option<WebDriver>,
    runtime: Runtime,
    pub origin: String,
    // In this order: the process before the folder that it writes to.
    _driven: Running,
    _profile: TempDir,
}

impl Visit {
    /// Opens the server's first address, with the token.
    pub fn new(programs: &Programs, served: &Served) -> Visit {
        let visit = Visit::stranger(programs, served);
        visit.open(&format!("{}/?token={}", visit.origin, served.token));
        visit
    }

    /// A window that was not let in.
    pub fn stranger(programs: &Programs, served: &Served) -> Visit {
        let profile = folder();
        let mut command = Command::new(&programs.driver);
        command
            .arg("--port=0")
            .env("HOME", profile.path())
            .env("TMPDIR", profile.path())
            .stderr(Stdio::null());
        let (driven, port) = Running::start(&mut command, |line| {
            line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok()
        });
        let mut wishes = DesiredCapabilities::chrome();
        wishes.set_binary(programs.browser.to_str().unwrap()).unwrap();
        let size = format!("--window-size={},{}", DESK.0, DESK.1);
        let folder = format!("--user-data-dir={}", profile.path().display());
        // Nobody's sandbox works for root in a container, whose /dev/shm is small.
        for word in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--hide-scrollbars",
            "--force-device-scale-factor=1",
            &size,
            &folder,
        ] {
            wishes.add_arg(word).unwrap();
        }
        wishes.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let driver = WebDriver::builder(format!("http://127.0.0.1:{port}"), wishes).client(Plain);
        let driver = runtime.block_on(driver.connect()).unwrap();
        Visit { driver: Some(driver), runtime, origin: served.origin(), _driven: driven, _profile: profile }
    }

    fn driver(&self) -> &WebDriver {
        self.driver.as_ref().expect("it is taken only when this is dropped")
    }

    /// Opens any address, and waits until it is loaded.
    #[track_caller]
    pub fn open(&self, address: &str) {
        let opened = self.runtime.block_on(self.driver().goto(address));
        assert!(opened.is_ok(), "{address} does not open: {opened:?}");
    }

    /// Opens a page of the server.
    #[track_caller]
    pub fn go(&self, path: &str) {
        self.open(&format!("{}{path}", self.origin));
    }

    pub fn back(&self) {
        self.runtime.block_on(self.driver().back()).unwrap();
    }

    pub fn reload(&self) {
        self.runtime.block_on(self.driver().refresh()).unwrap();
    }

    /// The path and query in the address bar.
    pub fn path(&self) -> String {
        let address = self.runtime.block_on(self.driver().current_url()).unwrap();
        address.as_str().strip_prefix(&self.origin).unwrap_or(address.as_str()).to_owned()
    }

    /// What a script returns.
    pub fn js(&self, script: &str) -> Value {
        self.runtime.block_on(self.driver().execute(script.to_owned(), Vec::new())).unwrap().json().clone()
    }

    /// What a script hands to `done`.
    pub fn js_later(&self, script: &str) -> Value {
        let script = format!("const done = arguments[arguments.length - 1]; {script}");
        self.runtime.block_on(self.driver().execute_async(script, Vec::new())).unwrap().json().clone()
    }

    pub fn text(&self, script: &str) -> String {
        self.js(script).as_str().unwrap_or_default().to_owned()
    }

    /// Waits until a script returns something true.
    #[track_caller]
    pub fn until(&self, what: &str, script: &str) {
        let began = Instant::now();
        while self.js(script) != Value::Bool(true) {
            assert!(began.elapsed() < Duration::from_secs(20), "{what} did not come; at {}", self.path());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Clicks what a selector finds first.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        let found = self.runtime.block_on(self.driver().find(By::Css(selector.to_owned())));
        let found = found.unwrap_or_else(|_| panic!("no {selector} at {}", self.path()));
        self.runtime.block_on(found.click()).unwrap();
    }

    /// Presses keys where the focus is.
    pub fn press(&self, keys: impl Into<TypingData>) {
        let keys: TypingData = keys.into();
        let driver = self.driver();
        self.runtime.block_on(driver.action_chain().send_keys(keys).perform()).unwrap();
    }

    /// What the browser complained about since it was last asked.
    pub fn complaints(&self) -> Vec<String> {
        let log = self.runtime.block_on(self.driver().browser_log()).unwrap();
        let entries = log.into_iter().filter(|entry| entry.level == "SEVERE" || entry.level == "WARNING");
        entries.map(|entry| format!("{} {}", entry.level, entry.message)).collect()
    }

    /// Addresses that the page asked for and that are not of the server.
    pub fn elsewhere(&self) -> Vec<String> {
        let asked = self.js("return performance.getEntriesByType('resource').map(entry => entry.name)");
        let asked = asked.as_array().cloned().unwrap_or_default();
        let names = asked.iter().filter_map(Value::as_str).map(str::to_owned);
        names
            .filter(|name| !name.starts_with(&format!("{}/", self.origin)) && !name.starts_with("data:"))
            .collect()
    }

    /// Whether a dialog of the page is open.
    pub fn has_dialog(&self) -> bool {
        self.runtime.block_on(self.driver().get_alert_text()).is_ok()
    }

    /// The text of the document in the first frame of the page.
    pub fn frame(&self) -> String {
        let handle = Arc::clone(self.driver().handle());
        self.runtime.block_on(self.driver().enter_frame(0)).unwrap();
        let text = self.text("return document.URL + ' ' + document.body.textContent");
        self.runtime.block_on(handle.enter_default_frame()).unwrap();
        text
    }

    fn tell(&self, method: &str, parameters: Value) {
        self.runtime.block_on(self.driver().cdp().send_raw(method, parameters)).unwrap();
    }

    /// Has every page that is opened from now on run a script of ours first, which its own policy does not forbid.
    pub fn bring(&self, script: &str) {
        self.tell("Page.addScriptToEvaluateOnNewDocument", json!({"source": script}));
    }

    /// Has the system prefer dark or light.
    pub fn prefer(&self, scheme: &str) {
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}]);
        self.tell("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    pub fn size(&self, (width, height): (u32, u32)) {
        let mobile = width < 600;
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile});
        self.tell("Emulation.setDeviceMetricsOverride", size);
    }

    /// Writes a picture of the whole page.
    pub fn picture(&self, size: (u32, u32), file: &Path) {
        let tall = self.js("return Math.ceil(document.documentElement.scrollHeight)").as_u64().unwrap();
        self.size((size.0, size.1.max(u32::try_from(tall).unwrap().min(16_000))));
        let png = self.runtime.block_on(self.driver().screenshot_as_png()).unwrap();
        std::fs::File::create(file).unwrap().write_all(&png).unwrap();
        self.size(size);
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            let _ = self.runtime.block_on(driver.quit());
        }
    }
}
