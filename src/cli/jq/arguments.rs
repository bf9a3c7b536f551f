//! The arguments of jq, which are not of the kind that all other commands have. Pure but for the
//! file of `-f`.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::path::PathBuf;

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Form {
    #[default]
    Json,
    /// Strings as they are, a line each.
    Raw,
    /// The same without ends of lines.
    Joined,
    /// The same with a NUL behind each.
    Nul,
}

/// What is on and off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(super) struct Options {
    pub(super) form: Form,
    /// What each level is indented with; nothing for compact JSON.
    pub(super) indent: &'static str,
    pub(super) ascii: bool,
    pub(super) exit_status: bool,
    pub(super) null: bool,
    pub(super) slurp: bool,
    pub(super) raw_input: bool,
    pub(super) help: bool,
}

/// All that was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) options: Options,
    pub(super) filter: String,
    pub(super) files: Vec<PathBuf>,
    pub(super) libraries: Vec<PathBuf>,
    pub(super) texts: Vec<(String, String)>,
    pub(super) json: Vec<(String, String)>,
    /// Name, path, and whether the text is taken as it is.
    pub(super) variable_files: Vec<(String, String, bool)>,
    /// JSON texts.
    pub(super) positional: Vec<String>,
}

/// What a word that is no option is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    Files,
    Texts,
    Json,
}

struct Reader {
    rest: VecDeque<String>,
    words: Vec<String>,
    taking: Words,
    from_file: bool,
    asked: Asked,
}

impl Asked {
    /// Reads what was typed behind `jq`.
    pub(super) fn read(typed: Vec<OsString>) -> Result<Self, String> {
        let text = |word: OsString| word.to_string_lossy().into_owned();
        let mut reader = Reader {
            rest: typed.into_iter().map(text).collect(),
            words: Vec::new(),
            taking: Words::Files,
            from_file: false,
            asked: Self::default(),
        };
        reader.read()?;
        let Reader {
            words,
            from_file,
            mut asked,
            ..
        } = reader;
        let mut words = words.into_iter();
        match (words.next(), from_file) {
            (Some(path), true) => {
                let read = std::fs::read_to_string(&path);
                asked.filter = read.map_err(|error| format!("{path}: {error}"))?;
            }
            (Some(filter), false) => asked.filter = filter,
            (None, true) => return Err("-f needs a file".to_owned()),
            (None, false) => ".".clone_into(&mut asked.filter),
        }
        asked.files = words.map(PathBuf::from).collect();
        Ok(asked)
    }
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            options: Options {
                form: Form::Json,
                indent: SPACES.get(..2).unwrap_or_default(),
                ascii: false,
                exit_status: false,
                null: false,
                slurp: false,
                raw_input: false,
                help: false,
            },
            filter: String::new(),
            files: Vec::new(),
            libraries: Vec::new(),
            texts: Vec::new(),
            json: Vec::new(),
            variable_files: Vec::new(),
            positional: Vec::new(),
        }
    }
}

const SPACES: &str = "       ";

impl Reader {
    fn read(&mut self) -> Result<(), String> {
        let mut only_words = false;
        while let Some(word) = self.rest.pop_front() {
            if only_words || word == "-" || !word.starts_with('-') {
                self.word(word);
            } else if word == "--" {
                only_words = true;
            } else if let Some(name) = word.strip_prefix("--") {
                self.long(name)?;
            } else {
                self.short(&word)?;
            }
        }
        Ok(())
    }

    fn word(&mut self, word: String) {
        // The filter comes first, wherever it stands.
        match self.taking {
            _ if self.words.is_empty() => self.words.push(word),
            Words::Files => self.words.push(word),
            Words::Texts => {
                let json = serde_json::Value::from(word).to_string();
                self.asked.positional.push(json);
            }
            Words::Json => self.asked.positional.push(word),
        }
    }

    fn value(&mut self, option: &str) -> Result<String, String> {
        let value = self.rest.pop_front();
        value.ok_or_else(|| format!("{option} needs a value behind it"))
    }

    fn named(&mut self, option: &str) -> Result<(String, String), String> {
        let name = self.value(option)?;
        Ok((name, self.value(option)?))
    }

    fn long(&mut self, name: &str) -> Result<(), String> {
        let option = format!("--{name}");
        match name {
            "arg" => {
                let named = self.named(&option)?;
                self.asked.texts.push(named);
            }
            "argjson" => {
                let named = self.named(&option)?;
                self.asked.json.push(named);
            }
            "slurpfile" | "rawfile" => {
                let (variable, path) = self.named(&option)?;
                let file = (variable, path, name == "rawfile");
                self.asked.variable_files.push(file);
            }
            "args" => self.taking = Words::Texts,
            "jsonargs" => self.taking = Words::Json,
            "indent" => self.indent()?,
            "library-path" => return self.switch('L'),
            "raw-output0" => self.asked.options.form = Form::Nul,
            "tab" => self.asked.options.indent = "\t",
            "unbuffered" => {}
            _ => {
                let letter = LONG.iter().find(|(long, _)| *long == name);
                let letter = letter.map(|(_, letter)| *letter);
                self.switch(letter.ok_or_else(|| format!("unknown option {option}"))?)?;
            }
        }
        Ok(())
    }

    fn indent(&mut self) -> Result<(), String> {
        let count: Option<usize> = self.value("--indent")?.parse().ok();
        let spaces = count.and_then(|count| SPACES.get(..count));
        self.asked.options.indent = spaces.ok_or("--indent takes a number from 0 to 7")?;
        Ok(())
    }

    fn short(&mut self, word: &str) -> Result<(), String> {
        let letters = word.trim_start_matches('-');
        if let Some(path) = letters.strip_prefix('L').filter(|path| !path.is_empty()) {
            self.asked.libraries.push(PathBuf::from(path));
            return Ok(());
        }
        letters.chars().try_for_each(|letter| self.switch(letter))
    }

    fn switch(&mut self, letter: char) -> Result<(), String> {
        let options = &mut self.asked.options;
        match letter {
            'r' if options.form == Form::Json => options.form = Form::Raw,
            'j' => options.form = Form::Joined,
            'c' => options.indent = "",
            'a' => options.ascii = true,
            'e' => options.exit_status = true,
            'n' => options.null = true,
            's' => options.slurp = true,
            'R' => options.raw_input = true,
            'h' => options.help = true,
            'f' => self.from_file = true,
            'L' => {
                let path = self.value("-L")?;
                self.asked.libraries.push(PathBuf::from(path));
            }
            // Keys are always sorted, and there are no colours.
            'S' | 'M' | 'C' | 'r' => {}
            _ => return Err(format!("unknown option -{letter}")),
        }
        Ok(())
    }
}

/// Long names of letters.
const LONG: [(&str, char); 13] = [
    ("raw-output", 'r'),
    ("join-output", 'j'),
    ("compact-output", 'c'),
    ("ascii-output", 'a'),
    ("exit-status", 'e'),
    ("null-input", 'n'),
    ("slurp", 's'),
    ("raw-input", 'R'),
    ("help", 'h'),
    ("from-file", 'f'),
    ("sort-keys", 'S'),
    ("monochrome-output", 'M'),
    ("color-output", 'C'),
];
