//! Bytes of a new file into the object store: small ones at once, large ones piece by piece from a thread that encodes.

use std::io::{self, Write};
use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, PutPayload};
use tokio::sync::mpsc;

use crate::error::Error;

/// Bytes of one piece of a large file; object stores demand 5 MiB at least.
const PIECE_BYTES: usize = 8 << 20;

/// Pieces that may wait while the store is slow.
const PIECES_WAITING_MAX: usize = 2;

/// Stores a whole file that must not exist yet.
pub(crate) async fn put(objects: &dyn ObjectStore, path: &Path, bytes: Vec<u8>) -> Result<(), Error> {
    let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    objects
        .put_opts(path, PutPayload::from(bytes), options)
        .await
        .map(drop)
        .map_err(Error::objects("writing", path))
}

/// Runs `encode` on a blocking thread with a writer whose bytes become the file at `path`. Memory stays within a few
/// pieces whatever the file's size.
pub(crate) async fn stream<T: Send + 'static>(
    objects: &Arc<dyn ObjectStore>,
    path: &Path,
    encode: impl FnOnce(&mut PieceWriter) -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let (sender, mut pieces) = mpsc::channel::<Bytes>(PIECES_WAITING_MAX);
    let encoding = tokio::task::spawn_blocking(move || {
        let mut writer = PieceWriter { sender, piece: Vec::with_capacity(PIECE_BYTES) };
        let done = encode(&mut writer)?;
        writer.send().map_err(|error| Error::Task(error.to_string()))?;
        Ok(done)
    });
    let mut upload = objects.put_multipart(path).await.map_err(Error::objects("writing", path))?;
    let mut failed = None;
    while let Some(piece) = pieces.recv().await {
        if let Err(error) = upload.put_part(PutPayload::from(piece)).await {
            failed = Some(error);
            break;
        }
    }
    drop(pieces);
    let encoded = encoding.await.map_err(|error| Error::Task(error.to_string()))?;
    let ended = match (failed, encoded) {
        (Some(error), _) => Err(Error::objects("writing", path)(error)),
        (None, Err(error)) => Err(error),
        (None, Ok(done)) => upload.complete().await.map(|_| done).map_err(Error::objects("writing", path)),
    };
    if ended.is_err() {
        // What is left behind by a failed abort is swept with the orphans.
        let _ = upload.abort().await;
    }
    ended
}

/// Collects bytes into pieces of equal size.
#[derive(Debug)]
pub(crate) struct PieceWriter {
    sender: mpsc::Sender<Bytes>,
    piece: Vec<u8>,
}

impl PieceWriter {
    fn send(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE_BYTES));
        self.sender
            .blocking_send(Bytes::from(piece))
            .map_err(|_| io::Error::other("the object store stopped taking the file"))
    }
}

impl Write for PieceWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let room = PIECE_BYTES - self.piece.len();
        let taken = bytes.len().min(room);
        self.piece.extend_from_slice(&bytes[..taken]);
        if self.piece.len() == PIECE_BYTES {
            self.send()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
