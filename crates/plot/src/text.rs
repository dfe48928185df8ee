//! Text in pictures: escaping, and estimates of its width, since no font is available to measure it.

/// `text` escaped for the content of an XML element or a quoted attribute.
///
/// Characters that XML 1.0 does not allow at all become U+FFFD.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(character),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Estimated width of `text` in pixels at a font size. It is at the upper end for common sans-serif fonts.
pub(super) fn width(text: &str, size: f64) -> f64 {
    let em = |character: char| match character {
        'i' | 'j' | 'l' | '|' | '\'' | '.' | ',' | ':' | ';' | '!' | '⁻' | '¹' => 0.32,
        'f' | 't' | 'r' | ' ' | '(' | ')' | '[' | ']' | '/' | '-' => 0.41,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '×' => 0.96,
        '⁰' | '²'..='³' | '⁴'..='⁹' => 0.42,
        'A'..='Z' => 0.74,
        // Chinese, Japanese, Korean and full-width characters are about 1 em wide.
        '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' => 1.02,
        '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ff60}' | '\u{1f300}'..='\u{1faff}' => 1.02,
        _ => 0.63,
    };
    size * text.chars().map(em).sum::<f64>()
}

/// `text` broken between words into lines of at most `room` pixels. A word longer than that gets its own line.
pub(super) fn wrap(text: &str, room: f64, size: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line, size) + width(" ", size) + width(word, size) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// `text`, truncated with an ellipsis if it is wider than `room` pixels.
pub(super) fn shorten(text: &str, room: f64, size: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut short = String::new();
    for character in text.chars() {
        short.push(character);
        if width(&short, size) + width("…", size) > room {
            short.pop();
            break;
        }
    }
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_means_something_in_xml_is_escaped_and_what_it_forbids_replaced() {
        assert_eq!(escape("a<b & \"c\">'d'\u{1}\n"), "a&lt;b &amp; &quot;c&quot;&gt;&#39;d&#39;\u{fffd}\n");
        assert_eq!(escape("σ × 衣服"), "σ × 衣服");
    }

    #[test]
    fn wrapping_keeps_every_word_in_order_and_each_line_in_its_room() {
        let text = "one two three four five";
        let lines = wrap(text, 70.0, 12.0);
        assert!(lines.len() > 1);
        assert_eq!(lines.join(" "), text);
        assert!(lines.iter().all(|line| width(line, 12.0) <= 70.0), "{lines:?}");
        assert_eq!(wrap("indivisible", 1.0, 12.0), ["indivisible"]);
        assert!(wrap("  ", 10.0, 12.0).is_empty());
    }

    #[test]
    fn shortened_text_fits() {
        for text in ["Ankle boot", "a very long name of a class", "一二三四五六七八九十"] {
            let short = shorten(text, 80.0, 12.0);
            assert!(width(&short, 12.0) <= 80.0, "{short}");
            assert!(text.starts_with(short.trim_end_matches('…')));
        }
        assert_eq!(shorten("Bag", 80.0, 12.0), "Bag");
    }
}
