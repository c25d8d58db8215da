//! Where the bytes of a file are: on disk, or in memory when they came compressed, by standard input or with the program.

use std::fs::File;
use std::io;
use std::sync::Arc;

/// Bytes that can be read anywhere, by several threads at once. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Bytes {
    Disk { file: Arc<File>, length: u64 },
    Memory(Arc<[u8]>),
    Static(&'static [u8]),
}

impl Bytes {
    pub fn len(&self) -> u64 {
        match self {
            Self::Disk { length, .. } => *length,
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Static(bytes) => bytes.len() as u64,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Up to `length` bytes from `offset` on; fewer where the file ends, or was cut off meanwhile.
    pub fn read(&self, offset: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; length.min(self.len().saturating_sub(offset) as usize)];
        let read = self.read_into(offset, &mut buffer)?;
        buffer.truncate(read);
        Ok(buffer)
    }

    /// Fills as much of `buffer` as there is.
    pub fn read_into(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Disk { file, .. } => read_at(file, offset, buffer),
            Self::Memory(bytes) => Ok(copy(bytes, offset, buffer)),
            Self::Static(bytes) => Ok(copy(bytes, offset, buffer)),
        }
    }

    /// The bytes themselves, where they are in memory anyway.
    pub fn slice(&self) -> Option<&[u8]> {
        match self {
            Self::Disk { .. } => None,
            Self::Memory(bytes) => Some(bytes),
            Self::Static(bytes) => Some(bytes),
        }
    }
}

fn copy(bytes: &[u8], offset: u64, buffer: &mut [u8]) -> usize {
    let rest = bytes.get(offset as usize..).unwrap_or_default();
    let length = rest.len().min(buffer.len());
    buffer[..length].copy_from_slice(&rest[..length]);
    length
}

#[cfg(unix)]
fn read_at(file: &File, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<usize> {
    use std::os::unix::fs::FileExt;
    let whole = buffer.len();
    while !buffer.is_empty() {
        match file.read_at(buffer, offset) {
            Ok(0) => break,
            Ok(read) => {
                buffer = &mut buffer[read..];
                offset += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(whole - buffer.len())
}

#[cfg(windows)]
fn read_at(file: &File, mut offset: u64, mut buffer: &mut [u8]) -> io::Result<usize> {
    use std::os::windows::fs::FileExt;
    let whole = buffer.len();
    while !buffer.is_empty() {
        match file.seek_read(buffer, offset) {
            Ok(0) => break,
            Ok(read) => {
                buffer = &mut buffer[read..];
                offset += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(whole - buffer.len())
}
