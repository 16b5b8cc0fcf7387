//! Path templates: `/orders/{id}/items/{item}.json`, element by element.

/// A path with holes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    pub(crate) elements: Vec<Element>,
}

/// What one element of a path must be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Element {
    /// This text.
    Literal(String),
    /// Anything but nothing: `{id}`.
    Any(String),
    /// Texts with anything between them: `{name}.{ending}`. The names, and the texts around them,
    /// of which there is one more.
    Mixed {
        /// The names of the holes.
        names: Vec<String>,
        /// What stands around them.
        texts: Vec<String>,
    },
}

impl Template {
    /// Takes a path apart. Braces without a partner are text.
    pub(crate) fn new(path: &str) -> Self {
        Self { elements: path.split('/').skip(1).map(element).collect() }
    }

    /// The names in it, in order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for element in &self.elements {
            match element {
                Element::Literal(_) => {}
                Element::Any(name) => names.push(name.as_str()),
                Element::Mixed { names: several, .. } => {
                    names.extend(several.iter().map(String::as_str));
                }
            }
        }
        names
    }

    /// The path with holes that have no names, so that two that match the same paths are the same.
    pub(crate) fn nameless(&self) -> String {
        let mut path = String::new();
        for element in &self.elements {
            path.push('/');
            match element {
                Element::Literal(text) => path.push_str(text),
                Element::Any(_) => path.push_str("{}"),
                Element::Mixed { texts, .. } => path.push_str(&texts.join("{}")),
            }
        }
        path
    }

    /// The values of the names for a path that matches, as it stands there.
    pub(crate) fn values<'p>(&self, path: &'p str) -> Option<Vec<(&str, &'p str)>> {
        let mut values = Vec::new();
        let mut parts = path.split('/').skip(1);
        for element in &self.elements {
            let part = parts.next()?;
            match element {
                Element::Literal(text) => (text == part).then_some(())?,
                Element::Any(name) => values.push((name.as_str(), part)),
                Element::Mixed { names, texts } => {
                    let within = between(texts, part)?;
                    values.extend(names.iter().map(String::as_str).zip(within));
                }
            }
        }
        parts.next().is_none().then_some(values)
    }
}

impl Element {
    /// Whether it matches a part of a path.
    pub(crate) fn takes(&self, part: &str) -> bool {
        match self {
            Self::Literal(text) => text == part,
            Self::Any(_) => !part.is_empty(),
            Self::Mixed { texts, .. } => between(texts, part).is_some(),
        }
    }
}

fn element(text: &str) -> Element {
    let (mut names, mut texts) = (Vec::new(), vec![String::new()]);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}').map(|at| open + at) else { break };
        if let Some(last) = texts.last_mut() {
            last.push_str(&rest[..open]);
        }
        names.push(rest[open + 1..close].to_owned());
        texts.push(String::new());
        rest = &rest[close + 1..];
    }
    if let Some(last) = texts.last_mut() {
        last.push_str(rest);
    }
    match &names[..] {
        [] => Element::Literal(text.to_owned()),
        [name] if texts.iter().all(String::is_empty) => Element::Any(name.clone()),
        _ => Element::Mixed { names, texts },
    }
}

/// What stands between texts in a part, each at least one letter and as short as can be.
fn between<'p>(texts: &[String], part: &'p str) -> Option<Vec<&'p str>> {
    let (first, rest) = texts.split_first()?;
    let mut left = part.strip_prefix(first.as_str())?;
    let mut values = Vec::with_capacity(rest.len());
    for (at, text) in rest.iter().enumerate() {
        let is_last = at + 1 == rest.len();
        let begins = left.chars().next()?.len_utf8();
        let end = match (is_last, text.is_empty()) {
            (true, _) => {
                left.len().checked_sub(text.len()).filter(|_| left.ends_with(text.as_str()))?
            }
            // Two holes side by side cannot be told apart: the first takes one letter.
            (false, true) => begins,
            (false, false) => left[begins..].find(text.as_str())? + begins,
        };
        if end == 0 {
            return None;
        }
        values.push(&left[..end]);
        left = &left[end + text.len()..];
    }
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_gives_the_values_of_its_template() {
        let values = |template: &str, path: &str| {
            let template = Template::new(template);
            template.values(path).map(|values| {
                values
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect::<Vec<_>>()
                    .join(" ")
            })
        };
        assert_eq!(values("/a/{id}", "/a/7").as_deref(), Some("id=7"));
        assert_eq!(values("/a/{id}", "/a/7/b"), None);
        assert_eq!(values("/a/{name}.{ending}", "/a/x.y.z").as_deref(), Some("name=x ending=y.z"));
        assert_eq!(values("/{a}-{b}/c", "/1-2/c").as_deref(), Some("a=1 b=2"));
        assert_eq!(values("/{a}.json", "/.json"), None);
        assert_eq!(values("/é{a}é", "/éxé").as_deref(), Some("a=x"));
        assert_eq!(values("/x{a}y", "/xy"), None);
        assert_eq!(values("/{a", "/{a").as_deref(), Some(""));
        assert_eq!(Template::new("/{x}/b{y}c/d").nameless(), "/{}/b{}c/d");
    }
}
