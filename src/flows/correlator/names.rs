//! Messages as names of operations: proper names in them are masked, so that a customer does not make a kind of its own.
//!
//! Ingest masks what has a digit; a name has none. Two signs give one away: several capitalised words in a row behind
//! the beginning, and a value of several words between two `key=`.

/// The message with its proper names masked.
pub(super) fn masked(message: &str) -> String {
    let words: Vec<&str> = message.split(' ').collect();
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let value = value_length(&words[at..]);
        let name = if at == 0 { 0 } else { name_length(&words[at..]) };
        if value > 1 {
            let key = words[at].split_once('=').map_or("", |(key, _)| key);
            out.push(format!("{key}=*"));
            at += value;
        } else if name > 1 {
            let end = words[at + name - 1].trim_start_matches(char::is_alphanumeric);
            out.push(format!("*{end}"));
            at += name;
        } else {
            out.push(words[at].to_owned());
            at += 1;
        }
    }
    out.join(" ")
}

/// How many words the value of `key=` takes, up to the next key; 0 where it is a single one or the last.
fn value_length(words: &[&str]) -> usize {
    let is_key = |word: &str| word.split_once('=').is_some_and(|(key, _)| !key.is_empty());
    if !is_key(words[0]) {
        return 0;
    }
    let length = 1 + words[1..].iter().take_while(|word| !is_key(word)).count();
    if length < words.len() { length } else { 0 }
}

/// How many capitalised words stand in a row; 0 where they are all abbreviations.
fn name_length(words: &[&str]) -> usize {
    let mut length = 0;
    for word in words {
        let is_capital = word.chars().next().is_some_and(char::is_uppercase)
            && word
                .trim_end_matches([',', '.', ':', ';'])
                .chars()
                .all(|c| c.is_alphanumeric() || c == '&' || c == '-');
        if !is_capital {
            break;
        }
        length += 1;
        if !word.ends_with(|c: char| c.is_alphanumeric()) {
            break;
        }
    }
    let is_shouted = |word: &&str| word.chars().filter(|c| c.is_alphabetic()).all(char::is_uppercase);
    if words[..length].iter().all(is_shouted) { 0 } else { length }
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn names_of_customers_are_masked_and_what_is_done_is_not() {
        assert_eq!(
            masked("Order * received from Fabrikmuster KG, * positions"),
            "Order * received from *, * positions"
        );
        assert_eq!(
            masked("POST /*/orders * customer=Placeholder Parts BV total=* EUR"),
            "POST /*/orders * customer=* total=* EUR"
        );
        for kept in
            ["Start ORDERS for *", "method=POST status=* took=*", "handled HTTP POST in *", "Order Created"]
        {
            assert_eq!(masked(kept), kept);
        }
    }
}
