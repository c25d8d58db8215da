//! The HTML report in a real Chromium: it asks nobody for anything, fits narrow and wide, is readable in the dark, prints.

use super::bridge::{Room, SCENARIO};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The browser, if there is one: tests/run installs it.
fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("BRIDGEWATCH_TEST_CHROMIUM").map(PathBuf::from);
    let found = named.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path).map(|folder| folder.join("chromium")).find(|path| path.exists())
    });
    if found.is_none() {
        println!("skipped: there is no chromium; tests/run installs it");
    }
    found
}

/// Looks at the page from within, and leaves what it saw where `--dump-dom` prints it.
const LOOK: &str = r#"<script>
window.addEventListener('load', () => {
  const root = document.documentElement;
  const svgs = [...document.querySelectorAll('svg')];
  const within = (svg) => [...svg.querySelectorAll('text')].every((text) => {
    const inner = text.getBoundingClientRect(), outer = svg.getBoundingClientRect();
    return inner.width > 0 && inner.left >= outer.left - 2 && inner.right <= outer.right + 2;
  });
  const boxes = (svg) => [...svg.querySelectorAll('text')].map((text) => text.getBoundingClientRect());
  const overlaps = (svg) => boxes(svg).flatMap((a, place, all) => all.slice(place + 1).filter((b) =>
    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3)).length;
  const parts = (color) => color.match(/\d+(\.\d+)?/g).slice(0, 3).map(Number);
  const light = (color) => parts(color)
    .map((part) => (part /= 255) <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const ground = getComputedStyle(document.body).backgroundColor;
  const contrast = [...document.querySelectorAll('p, td, th, li, summary, .muted, .meta')].map((one) => {
    const [a, b] = [light(getComputedStyle(one).color), light(ground)].sort();
    return (b + 0.05) / (a + 0.05);
  });
  document.body.innerHTML = '<pre id="seen">' + JSON.stringify({
    width: window.innerWidth, scroll: root.scrollWidth, ground,
    asked: performance.getEntriesByType('resource').length,
    scripts: document.scripts.length, images: document.images.length,
    svgs: svgs.length, empty: svgs.filter((svg) => svg.getBoundingClientRect().height < 20).length,
    outside: svgs.filter((svg) => !within(svg)).map((svg) => svg.getAttribute('aria-label')),
    overlaps: overlaps(document.querySelector('svg[aria-label="course of the incident"]')),
    pictures: svgs.map((svg) => svg.getAttribute('aria-label')),
    lines: [...document.querySelectorAll('svg:not([aria-label^="effect on"]) polyline')].map((line) => line.getBoundingClientRect())
      .filter((box) => box.width > 50 && box.height > 5).length,
    bars: [...document.querySelectorAll('svg[aria-label="where flows stop"] rect')]
      .map((bar) => bar.getBoundingClientRect()).filter((bar) => bar.width > 5 && bar.height > 1).length,
    stops: [...document.querySelectorAll('svg[aria-label="where flows stop"] text')].map((text) => text.textContent),
    headings: [...document.querySelectorAll('h2')].map((one) => one.textContent),
    contrast: Math.min(...contrast), quirks: document.compatMode,
  }).replace(/</g, '\\u003c') + '</pre>';
});
</script>"#;

fn page(room: &Room) -> String {
    room.says(&["incident", "measure", "INC-0001", "--demo", SCENARIO]);
    room.says(&["rca", "export", "INC-0001", "--format", "html", "--demo", SCENARIO])
}

fn run(chromium: &Path, room: &Room, arguments: &[&str], page: &Path) -> Vec<u8> {
    let output = Command::new(chromium)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ])
        .args(["--disable-background-networking", "--disable-component-update", "--no-pdf-header-footer"])
        .arg(format!("--user-data-dir={}", room.path("profile").display()))
        .args(arguments)
        .arg(format!("file://{}", page.display()))
        .env("HOME", room.folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn seen(chromium: &Path, room: &Room, arguments: &[&str], page: &Path) -> Value {
    let arguments: Vec<&str> =
        arguments.iter().copied().chain(["--dump-dom", "--virtual-time-budget=5000"]).collect();
    let dom = String::from_utf8(run(chromium, room, &arguments, page)).unwrap();
    let text =
        dom.split("<pre id=\"seen\">").nth(1).unwrap_or_else(|| panic!("the page did not load: {dom}"));
    let text = text.split("</pre>").next().unwrap().replace("&amp;", "&");
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_page_opens_in_a_browser_narrow_and_wide_light_and_dark_and_prints() {
    let Some(chromium) = chromium() else { return };
    let room = Room::after_a_bridge();
    let html = page(&room);
    let plain = room.path("report.html");
    std::fs::write(&plain, &html).unwrap();
    let looked = room.path("looked.html");
    std::fs::write(&looked, html.replace("</body>", &format!("{LOOK}</body>"))).unwrap();
    let mut grounds = Vec::new();
    for (size, scheme) in [("1280,900", 1), ("1280,900", 0), ("500,900", 1)] {
        let arguments =
            [format!("--window-size={size}"), format!("--blink-settings=preferredColorScheme={scheme}")];
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let seen = seen(&chromium, &room, &arguments, &looked);
        println!("{size} scheme {scheme}: {seen}");
        assert_eq!(seen["quirks"], "CSS1Compat");
        assert_eq!(
            (seen["asked"].as_u64(), seen["images"].as_u64()),
            (Some(0), Some(0)),
            "it needs nothing else"
        );
        assert_eq!(seen["scripts"], 1, "only the one that looks");
        assert!(
            seen["scroll"].as_u64() <= seen["width"].as_u64(),
            "nothing is wider than the window: {seen}"
        );
        let pictures = seen["pictures"].as_array().unwrap();
        for picture in ["course of the incident", "where flows stop"] {
            assert!(pictures.contains(&Value::from(picture)), "{picture}: {seen}");
        }
        // The map: a bar for each system on the way, and the name of the one where flows stop.
        assert!(seen["bars"].as_u64().unwrap() >= 4, "{seen}");
        let stops = seen["stops"].as_array().unwrap();
        assert!(stops.iter().any(|text| text == "kong"), "{seen}");
        let failed = stops.iter().filter_map(Value::as_str).filter(|text| text.ends_with(" failed"));
        assert!(failed.filter(|text| !text.ends_with(", 0 failed")).count() >= 1, "{seen}");
        // Charts: lines that are drawn, one a picture.
        assert!(seen["lines"].as_u64().unwrap() >= 1, "{seen}");
        let effects = pictures.iter().filter_map(Value::as_str).filter(|name| name.starts_with("effect on"));
        assert_eq!(seen["lines"].as_u64().unwrap() as usize, pictures.len() - 2 - effects.count(), "{seen}");
        assert_eq!(seen["empty"], 0);
        assert_eq!(seen["outside"], serde_json::json!([]), "every word of a picture is in it");
        assert_eq!(seen["overlaps"], 0, "no word of the course lies on another");
        assert!(seen["contrast"].as_f64().unwrap() >= 4.5, "as WCAG AA asks: {seen}");
        for heading in ["Summary", "Timeline (UTC)", "Root cause", "Mitigations", "Evidence"] {
            assert!(seen["headings"].as_array().unwrap().contains(&Value::from(heading)), "{heading}");
        }
        grounds.push(seen["ground"].clone());
    }
    assert_ne!(grounds[0], grounds[1], "dark is another ground than light");

    let pdf = room.path("report.pdf");
    run(&chromium, &room, &[&format!("--print-to-pdf={}", pdf.display())], &plain);
    let bytes = std::fs::read(&pdf).unwrap();
    assert!(bytes.starts_with(b"%PDF-"));
    let text = String::from_utf8_lossy(&bytes);
    let pages = regex::Regex::new(r"/Type\s*/Page\b").unwrap().find_iter(&text).count();
    println!("{} bytes, {pages} pages", bytes.len());
    assert!((1..=12).contains(&pages), "{pages} pages");
}
