//! An XML checker for tests, as strict as a browser is with SVG.

/// Checks that `document` is one well-formed element, without `NaN` or infinity in any attribute, and returns the names
/// of all elements in order. Panics if it is not.
pub(crate) fn check(document: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut names = Vec::new();
    let mut rest = document.trim();
    while !rest.is_empty() {
        if let Some(tag) = rest.strip_prefix('<') {
            let end = tag.find('>').expect("a tag ends");
            let (inside, after) = (&tag[..end], &tag[end + 1..]);
            rest = after;
            if let Some(name) = inside.strip_prefix('/') {
                assert_eq!(open.pop().as_deref(), Some(name), "closed what was not open");
            } else {
                assert!(!open.is_empty() || names.is_empty(), "a second root");
                let (inside, closed) = inside.strip_suffix('/').map_or((inside, false), |inside| (inside, true));
                let (name, attributes) = inside.split_once(' ').unwrap_or((inside, ""));
                check_attributes(attributes);
                names.push(name.to_owned());
                if !closed {
                    open.push(name.to_owned());
                }
            }
        } else {
            assert!(!open.is_empty(), "text outside of the root: {rest:.40}");
            let end = rest.find('<').expect("a tag follows text");
            check_text(&rest[..end]);
            rest = &rest[end..];
        }
    }
    assert!(open.is_empty(), "not closed: {open:?}");
    names
}

/// The number of elements with this class in the document.
pub(crate) fn count(document: &str, class: &str) -> usize {
    let classes = document.split("class=\"").skip(1).filter_map(|after| after.split('"').next());
    classes.filter(|classes| classes.split(' ').any(|found| found == class)).count()
}

fn check_attributes(attributes: &str) {
    let mut rest = attributes.trim();
    let mut names: Vec<&str> = Vec::new();
    while !rest.is_empty() {
        let (name, after) = rest.split_once("=\"").expect("name=\"value\"");
        let (value, after) = after.split_once('"').expect("a quoted value ends");
        assert!(!names.contains(&name), "{name} twice");
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "-:_".contains(c)), "{name}");
        assert!(!value.contains('<'), "{value}");
        // No name of a font or class contains these words.
        assert!(!value.contains("NaN") && !value.contains("inf"), "{name}={value}");
        check_text(value);
        names.push(name);
        rest = after.trim_start();
    }
}

fn check_text(text: &str) {
    for after in text.split('&').skip(1) {
        let entity = after.split_once(';').map(|(entity, _)| entity);
        assert!(matches!(entity, Some("amp" | "lt" | "gt" | "quot" | "#39")), "a bare & before {after:.20}");
    }
    assert!(!text.contains("]]>"));
}
