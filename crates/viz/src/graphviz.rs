//! Running Graphviz's `dot`: text in, picture out, never for longer than it was given.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;

/// A picture that Graphviz made.
pub(crate) struct Rendered {
    pub(crate) bytes: Vec<u8>,
    /// What it remarked; bitmaps that had to be shrunk are among it.
    pub(crate) remarks: String,
}

/// Lays out a DOT text. `boxes` is for the message where that takes too long.
pub(crate) fn run(
    command: &Path,
    arguments: &[&str],
    dot: String,
    boxes: usize,
    limit: Duration,
) -> Result<Rendered, Error> {
    let start = Instant::now();
    let missing = |source| Error::GraphvizMissing {
        command: command.into(),
        source,
    };
    let mut child = Command::new(command)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(missing)?;
    // All three streams move at once, or a full pipe would stop both sides.
    if let Some(mut stdin) = child.stdin.take() {
        thread::spawn(move || {
            // A program that ends without reading everything says why on its error stream.
            let _ = stdin.write_all(dot.as_bytes());
        });
    }
    let (output, remarks) = (drain(child.stdout.take()), drain(child.stderr.take()));
    let too_slow = || Error::TooSlow { boxes, limit };
    let status = loop {
        if let Some(status) = child.try_wait().map_err(missing)? {
            break status;
        }
        if start.elapsed() >= limit {
            // Killing fails only where the program has just ended by itself.
            let _ = child.kill();
            child.wait().map_err(missing)?;
            return Err(too_slow());
        }
        thread::sleep(Duration::from_millis(2));
    };
    let left = || limit.saturating_sub(start.elapsed()).max(Duration::from_secs(1));
    let bytes = output.recv_timeout(left()).map_err(|_| too_slow())?;
    let remarks = remarks.recv_timeout(left()).map_err(|_| too_slow())?;
    let remarks = String::from_utf8_lossy(&remarks).trim().to_owned();
    if !status.success() || bytes.is_empty() {
        let message = if remarks.is_empty() {
            "it gave no picture and no reason".into()
        } else {
            remarks
        };
        return Err(Error::GraphvizFailed {
            command: command.into(),
            status,
            message,
        });
    }
    Ok(Rendered { bytes, remarks })
}

/// Reads a stream to its end beside the caller.
fn drain(stream: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // A stream that breaks ends there; the exit status tells what it was worth.
            let _ = stream.read_to_end(&mut bytes);
        }
        // Nobody listens any more where the program was stopped.
        let _ = sender.send(bytes);
    });
    receiver
}
