//! The spans of an OTLP/JSON line at a glance: one walk over the bytes, nothing decoded, nothing allocated a span.
//!
//! It reads what exporters usually write. Whatever is unusual (escapes, other spellings, logs and metrics) makes it give
//! up without a trace, and the line is read by the careful reader.

/// The spans of one line and their attributes; the memory serves line after line.
#[derive(Clone, Debug, Default)]
pub(in crate::ingest) struct Spans {
    pub(in crate::ingest) all: Vec<Span>,
    /// Names and values of attributes, by place in the line.
    pub(in crate::ingest) attributes: Vec<(Piece, Piece)>,
}

/// A piece of the line: from and to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::ingest) struct Piece {
    from: u32,
    to: u32,
}

#[derive(Clone, Debug, Default)]
pub(in crate::ingest) struct Span {
    pub(in crate::ingest) system: Piece,
    pub(in crate::ingest) trace: Piece,
    pub(in crate::ingest) id: Piece,
    pub(in crate::ingest) parent: Piece,
    pub(in crate::ingest) name: Piece,
    pub(in crate::ingest) kind: Piece,
    pub(in crate::ingest) start: Piece,
    pub(in crate::ingest) end: Piece,
    pub(in crate::ingest) status: Piece,
    /// The trace that it links to, if to one alone: what came with its message. Several are a batch.
    pub(in crate::ingest) link: Piece,
    /// Its attributes in [`Spans::attributes`].
    pub(in crate::ingest) attributes: (u32, u32),
}

impl Piece {
    #[inline]
    pub(in crate::ingest) fn of(self, line: &[u8]) -> &[u8] {
        line.get(self.from as usize..self.to as usize).unwrap_or_default()
    }

    /// The same as text; empty where it is none.
    pub(in crate::ingest) fn text(self, line: &[u8]) -> &str {
        std::str::from_utf8(self.of(line)).unwrap_or_default()
    }

    pub(in crate::ingest) fn from(self) -> usize {
        self.from as usize
    }
}

impl Spans {
    /// Reads a line; `None` if there is anything in it that takes the careful reader.
    pub(in crate::ingest) fn read(&mut self, line: &[u8]) -> Option<()> {
        self.all.clear();
        self.attributes.clear();
        if memchr::memchr(b'\\', line).is_some() || u32::try_from(line.len()).is_err() {
            return None;
        }
        let mut walk = Walk { line, at: 0 };
        walk.object(|walk, key| match key.of(line) {
            b"resourceSpans" => walk.array(|walk| self.resource(walk)),
            _ => None,
        })?;
        walk.blanks();
        (walk.at == line.len()).then_some(())
    }

    fn resource(&mut self, walk: &mut Walk) -> Option<()> {
        let line = walk.line;
        let first = self.all.len();
        let mut system = Piece::default();
        walk.object(|walk, key| match key.of(line) {
            b"resource" => walk.object(|walk, key| match key.of(line) {
                b"attributes" => walk.array(|walk| {
                    let (name, value) = attribute(walk)?;
                    if name.of(line) == b"service.name" {
                        system = value;
                    }
                    Some(())
                }),
                _ => walk.skip(),
            }),
            b"scopeSpans" | b"instrumentationLibrarySpans" => walk.array(|walk| {
                walk.object(|walk, key| match key.of(line) {
                    b"spans" => walk.array(|walk| self.span(walk)),
                    _ => walk.skip(),
                })
            }),
            _ => walk.skip(),
        })?;
        self.all[first..].iter_mut().for_each(|span| span.system = system);
        Some(())
    }

    fn span(&mut self, walk: &mut Walk) -> Option<()> {
        let line = walk.line;
        let mut span = Span::default();
        let first = self.attributes.len() as u32;
        walk.object(|walk, key| {
            let place = match key.of(line) {
                b"traceId" => &mut span.trace,
                b"spanId" => &mut span.id,
                b"parentSpanId" => &mut span.parent,
                b"name" => &mut span.name,
                b"kind" => &mut span.kind,
                b"startTimeUnixNano" => &mut span.start,
                b"endTimeUnixNano" => &mut span.end,
                b"attributes" => {
                    return walk.array(|walk| {
                        let pair = attribute(walk)?;
                        self.attributes.push(pair);
                        Some(())
                    });
                }
                b"links" => {
                    let (mut links, mut trace) = (0, Piece::default());
                    walk.array(|walk| {
                        links += 1;
                        walk.object(|walk, key| match key.of(line) {
                            b"traceId" => {
                                trace = walk.scalar()?;
                                Some(())
                            }
                            _ => walk.skip(),
                        })
                    })?;
                    span.link = if links == 1 { trace } else { Piece::default() };
                    return Some(());
                }
                b"status" => {
                    return walk.object(|walk, key| match key.of(line) {
                        b"code" => {
                            span.status = walk.scalar()?;
                            Some(())
                        }
                        _ => walk.skip(),
                    });
                }
                _ => return walk.skip(),
            };
            *place = walk.scalar()?;
            Some(())
        })?;
        span.attributes = (first, self.attributes.len() as u32);
        self.all.push(span);
        Some(())
    }
}

/// `{"key":"…","value":{"stringValue":"…"}}`
fn attribute(walk: &mut Walk) -> Option<(Piece, Piece)> {
    let line = walk.line;
    let (mut name, mut value) = (Piece::default(), Piece::default());
    walk.object(|walk, key| match key.of(line) {
        b"key" => {
            name = walk.scalar()?;
            Some(())
        }
        b"value" => walk.object(|walk, _| {
            value = walk.any()?;
            Some(())
        }),
        _ => walk.skip(),
    })?;
    Some((name, value))
}

/// A place in a line of JSON.
struct Walk<'a> {
    line: &'a [u8],
    at: usize,
}

impl Walk<'_> {
    #[inline]
    fn blanks(&mut self) {
        while self.line.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    /// Takes one byte that must come now.
    #[inline]
    fn take(&mut self, byte: u8) -> Option<()> {
        self.blanks();
        (self.line.get(self.at) == Some(&byte)).then(|| self.at += 1)
    }

    /// Whether this byte comes now; takes it if so.
    #[inline]
    fn takes(&mut self, byte: u8) -> bool {
        self.take(byte).is_some()
    }

    /// The inside of a string.
    #[inline]
    fn string(&mut self) -> Option<Piece> {
        self.take(b'"')?;
        let from = self.at;
        let to = from + memchr::memchr(b'"', &self.line[from..])?;
        self.at = to + 1;
        Some(Piece { from: from as u32, to: to as u32 })
    }

    /// The inside of a string, or a number or word.
    #[inline]
    fn scalar(&mut self) -> Option<Piece> {
        self.blanks();
        match self.line.get(self.at)? {
            b'"' => self.string(),
            b'{' | b'[' => None,
            _ => {
                let from = self.at;
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
                let length = self.line[from..].iter().position(ends)?;
                self.at = from + length;
                (length > 0).then_some(Piece { from: from as u32, to: self.at as u32 })
            }
        }
    }

    /// A scalar, or an object or array as it stands.
    fn any(&mut self) -> Option<Piece> {
        self.blanks();
        let from = self.at;
        if matches!(self.line.get(from)?, b'{' | b'[') {
            self.skip()?;
            return Some(Piece { from: from as u32, to: self.at as u32 });
        }
        self.scalar()
    }

    /// Goes past a value of any kind.
    fn skip(&mut self) -> Option<()> {
        self.blanks();
        if !matches!(self.line.get(self.at)?, b'{' | b'[') {
            return self.scalar().map(|_| ());
        }
        let mut depth = 0;
        loop {
            match *self.line.get(self.at)? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }

    #[inline]
    fn object(&mut self, mut field: impl FnMut(&mut Self, Piece) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        if self.takes(b'}') {
            return Some(());
        }
        loop {
            let key = self.string()?;
            self.take(b':')?;
            field(self, key)?;
            if !self.takes(b',') {
                return self.take(b'}');
            }
        }
    }

    #[inline]
    fn array(&mut self, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.take(b'[')?;
        if self.takes(b']') {
            return Some(());
        }
        loop {
            item(self)?;
            if !self.takes(b',') {
                return self.take(b']');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_usual_is_read_and_the_rest_is_left_to_the_careful_reader() {
        let usual = br#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"kong"}}]},"scopeSpans":[{"scope":{"name":"x","attributes":[]},"spans":[{"traceId":"7c1f","spanId":"9f","name":"GET /","kind":2,"startTimeUnixNano":"17","endTimeUnixNano":19 ,"attributes":[{"key":"a","value":{"intValue":"4"}},{"key":"b","value":{"arrayValue":{"values":[{"stringValue":"]"}]}}}],"events":[{"name":"e"}],"links":[{"traceId":"a7","spanId":"1"}],"status":{"code":2}}, {"name":"second","links":[{"traceId":"a7"},{"traceId":"a8"}]}]}]}]}"#;
        let mut spans = Spans::default();
        spans.read(usual).unwrap();
        assert_eq!(spans.all.len(), 2);
        let first = &spans.all[0];
        let read = [
            first.system,
            first.trace,
            first.id,
            first.name,
            first.kind,
            first.start,
            first.end,
            first.status,
        ];
        assert_eq!(
            read.map(|piece| piece.text(usual)),
            ["kong", "7c1f", "9f", "GET /", "2", "17", "19", "2"]
        );
        let pairs: Vec<(&str, &str)> =
            spans.attributes.iter().map(|(name, value)| (name.text(usual), value.text(usual))).collect();
        assert_eq!(pairs, [("a", "4"), ("b", r#"{"values":[{"stringValue":"]"}]}"#)]);
        assert_eq!(spans.all[1].system.text(usual), "kong");
        assert_eq!((first.link.text(usual), spans.all[1].link.text(usual)), ("a7", ""), "a batch links none");
        for unusual in [
            r#"{"resourceLogs":[]}"#,
            r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"a\"b"}]}]}]}"#,
            r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"cut"#,
            r#"{"resourceSpans":[]} trailing"#,
        ] {
            assert_eq!(spans.read(unusual.as_bytes()), None, "{unusual}");
        }
    }
}
