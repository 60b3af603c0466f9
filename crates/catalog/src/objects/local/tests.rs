//! The local store on the real disk, and on one that loses what was not synced.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex};

use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{Error as StoreError, GetOptions, ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use proptest::prelude::*;

use super::DurableLocalStore;
use crate::objects::disk::{Disk, DiskFile, Stat};

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    Folder,
    File(usize),
}

#[derive(Debug, Default, Clone)]
struct State {
    names: BTreeMap<PathBuf, Node>,
    durable_names: BTreeMap<PathBuf, Node>,
    data: Vec<Vec<u8>>,
    durable_data: Vec<Option<Vec<u8>>>,
    /// Changing operations still to come before the power fails.
    left: Option<u64>,
    operations: u64,
}

/// A disk in memory: names become durable with the sync of their folder, bytes with the sync of their
/// file, and a power cut keeps of the rest what a seed says.
#[derive(Debug, Default, Clone)]
struct SimDisk(Arc<Mutex<State>>);

#[derive(Debug)]
struct SimFile(SimDisk, usize);

impl SimDisk {
    fn change<T>(&self, work: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.0.lock().expect("no panic");
        state.operations += 1;
        match &mut state.left {
            Some(0) => return Err(io::Error::other("the power is off")),
            Some(left) => *left -= 1,
            None => {}
        }
        work(&mut state)
    }

    fn look<T>(&self, work: impl FnOnce(&State) -> io::Result<T>) -> io::Result<T> {
        work(&self.0.lock().expect("no panic"))
    }

    /// The disk after power is back.
    fn after_power_cut(&self, mut seed: u64) -> Self {
        let state = self.0.lock().expect("no panic");
        let mut coin = move || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            seed >> 33
        };
        let mut names = BTreeMap::new();
        let all: std::collections::BTreeSet<_> =
            state.names.keys().chain(state.durable_names.keys()).collect();
        for path in all {
            let (now, then) = (state.names.get(path), state.durable_names.get(path));
            let kept = if now == then || coin() % 2 == 0 { then } else { now };
            let parent_kept = path.parent().is_none_or(|parent| names.contains_key(parent));
            if let Some(node) = kept.filter(|_| parent_kept) {
                names.insert(path.clone(), node.clone());
            }
        }
        let data: Vec<Vec<u8>> = state
            .data
            .iter()
            .zip(&state.durable_data)
            .map(|(now, durable)| match durable {
                Some(durable) => durable.clone(),
                None => now[..(coin() as usize) % (now.len() + 1)].to_vec(),
            })
            .collect();
        let durable_data = data.iter().cloned().map(Some).collect();
        let durable_names = names.clone();
        Self(Arc::new(Mutex::new(State {
            names,
            durable_names,
            data,
            durable_data,
            left: None,
            operations: 0,
        })))
    }
}

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl State {
    fn insert(&mut self, path: &FilePath, node: Node) -> io::Result<()> {
        if let Some(parent) = path.parent()
            && self.names.get(parent) != Some(&Node::Folder)
        {
            return Err(missing());
        }
        if self.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.names.insert(path.to_owned(), node);
        Ok(())
    }

    fn stat(&self, inode: usize) -> Stat {
        Stat { len: self.data[inode].len() as u64, modified_us: 0, inode: inode as u64, is_folder: false }
    }
}

impl DiskFile for SimFile {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.change(|state| {
            let (data, offset) = (&mut state.data[self.1], offset as usize);
            data.resize(data.len().max(offset + bytes.len()), 0);
            data[offset..offset + bytes.len()].copy_from_slice(bytes);
            state.durable_data[self.1] = None;
            Ok(())
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.change(|state| {
            state.durable_data[self.1] = Some(state.data[self.1].clone());
            Ok(())
        })
    }

    fn read_exact_at(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.0.look(|state| {
            let end = offset as usize + bytes.len();
            let found = state.data[self.1].get(offset as usize..end).ok_or(io::ErrorKind::UnexpectedEof)?;
            bytes.copy_from_slice(found);
            Ok(())
        })
    }

    fn stat(&self) -> io::Result<Stat> {
        self.0.look(|state| Ok(state.stat(self.1)))
    }
}

impl Disk for SimDisk {
    fn create(&self, path: &FilePath) -> io::Result<Box<dyn DiskFile>> {
        self.change(|state| {
            let inode = state.data.len();
            state.insert(path, Node::File(inode))?;
            state.data.push(Vec::new());
            state.durable_data.push(None);
            Ok(Box::new(SimFile(self.clone(), inode)) as _)
        })
    }

    fn open(&self, path: &FilePath) -> io::Result<Box<dyn DiskFile>> {
        self.look(|state| match state.names.get(path) {
            Some(Node::File(inode)) => Ok(Box::new(SimFile(self.clone(), *inode)) as _),
            _ => Err(missing()),
        })
    }

    fn stat(&self, path: &FilePath) -> io::Result<Stat> {
        self.look(|state| match state.names.get(path) {
            Some(Node::File(inode)) => Ok(state.stat(*inode)),
            Some(Node::Folder) => Ok(Stat { len: 0, modified_us: 0, inode: 0, is_folder: true }),
            None => Err(missing()),
        })
    }

    fn read_folder(&self, path: &FilePath) -> io::Result<Vec<(String, bool)>> {
        self.look(|state| {
            state.names.get(path).ok_or_else(missing)?;
            let children = state.names.iter().filter(|(child, _)| child.parent() == Some(path));
            Ok(children
                .map(|(child, node)| {
                    let name = child.file_name().expect("has a name").to_str().expect("UTF-8");
                    (name.to_owned(), *node == Node::Folder)
                })
                .collect())
        })
    }

    fn make_folder(&self, path: &FilePath) -> io::Result<()> {
        self.change(|state| state.insert(path, Node::Folder))
    }

    fn link(&self, from: &FilePath, to: &FilePath) -> io::Result<()> {
        self.change(|state| {
            let node = state.names.get(from).cloned().ok_or_else(missing)?;
            state.insert(to, node)
        })
    }

    fn rename(&self, from: &FilePath, to: &FilePath) -> io::Result<()> {
        self.change(|state| {
            let node = state.names.remove(from).ok_or_else(missing)?;
            state.names.remove(to);
            state.insert(to, node)
        })
    }

    fn remove_file(&self, path: &FilePath) -> io::Result<()> {
        self.change(|state| state.names.remove(path).map(drop).ok_or_else(missing))
    }

    fn sync_folder(&self, path: &FilePath) -> io::Result<()> {
        self.change(|state| {
            state.durable_names.retain(|child, _| child.parent() != Some(path));
            let children = state.names.iter().filter(|(child, _)| child.parent() == Some(path));
            state.durable_names.extend(children.map(|(child, node)| (child.clone(), node.clone())));
            Ok(())
        })
    }

    fn sync_file_system(&self, _: &FilePath) -> io::Result<()> {
        self.change(|state| {
            state.durable_names = state.names.clone();
            state.durable_data = state.data.iter().cloned().map(Some).collect();
            Ok(())
        })
    }
}

fn sim_disk() -> SimDisk {
    let disk = SimDisk::default();
    let root = BTreeMap::from([(PathBuf::from("/"), Node::Folder)]);
    *disk.0.lock().expect("no panic") =
        State { names: root.clone(), durable_names: root, ..State::default() };
    disk
}

fn sim_store(disk: &SimDisk) -> Result<DurableLocalStore, crate::Error> {
    DurableLocalStore::open_on(Arc::new(disk.clone()), PathBuf::from("/data"))
}

fn create() -> PutOptions {
    PutOptions { mode: PutMode::Create, ..PutOptions::default() }
}

/// Puts, overwrites and deletes until the power fails. Each step is a name with what it may hold
/// afterwards: exactly one text once acknowledged, either of two while under way.
async fn work(store: &DurableLocalStore) -> Vec<(&'static str, Vec<Option<&'static str>>)> {
    let mut truth: BTreeMap<&str, Vec<Option<&str>>> = BTreeMap::new();
    for (name, text) in [
        ("t/a/1", Some("one")),
        ("t/b/2", Some("two")),
        ("h", Some("x")),
        ("h", Some("yy")),
        ("t/a/1", None),
        ("t/a/3", Some("three")),
    ] {
        let path = Path::from(name);
        let before = truth.get(name).map_or(None, |held| held[0]);
        truth.insert(name, vec![before, text]);
        let done = match text {
            None => store.delete(&path).await,
            Some(text) if name == "h" => store.put(&path, text.into()).await.map(drop),
            Some(text) => store.put_opts(&path, text.into(), create()).await.map(drop),
        };
        if done.is_err() {
            break;
        }
        truth.insert(name, vec![text]);
    }
    truth.into_iter().collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_was_acknowledged_survives_a_power_cut(cut in 0u64..70, seed: u64) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let disk = sim_disk();
            disk.0.lock().expect("no panic").left = Some(cut);
            let truth = match sim_store(&disk) {
                Ok(store) => work(&store).await,
                Err(_) => Vec::new(),
            };
            let after = disk.after_power_cut(seed);
            let store = sim_store(&after).expect("opens again");
            for (name, may_hold) in &truth {
                let found = match store.get(&Path::from(*name)).await {
                    Ok(found) => Some(String::from_utf8(found.bytes().await.expect("reads").to_vec()).expect("UTF-8")),
                    Err(StoreError::NotFound { .. }) => None,
                    Err(error) => panic!("{error}"),
                };
                assert!(may_hold.contains(&found.as_deref()), "{name}: {found:?}, not of {may_hold:?}");
            }
            let listed: Vec<_> = store.list(None).try_collect().await.expect("lists");
            assert!(listed.iter().all(|object| truth.iter().any(|(name, _)| *name == object.location.as_ref())));
            assert!(after.look(|state| Ok(!state.names.keys().any(|path| path.parent() == Some(FilePath::new("/data/.tmp"))))).expect("looks"));
        });
    }
}

#[tokio::test]
async fn a_failed_sync_ends_all_writing() {
    let disk = sim_disk();
    let store = sim_store(&disk).expect("opens");
    store.put(&Path::from("a"), "x".into()).await.expect("is put");
    // The new file and its bytes still go, its sync does not.
    disk.0.lock().expect("no panic").left = Some(2);
    store.put(&Path::from("b"), "x".into()).await.expect_err("not synced");
    disk.0.lock().expect("no panic").left = None;
    let refused = store.put(&Path::from("c"), "x".into()).await.expect_err("refused").to_string();
    assert!(refused.contains("an earlier sync failed"), "{refused}");
    assert!(store.get(&Path::from("a")).await.is_ok(), "reads go on");
}

#[tokio::test]
async fn behaves_as_object_stores_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = DurableLocalStore::open(folder.path()).expect("has hard links");
    let path = Path::from("t/x/1");
    store.put_opts(&path, "0123456789".into(), create()).await.expect("is put");
    let taken = store.put_opts(&path, "other".into(), create()).await;
    assert!(matches!(taken, Err(StoreError::AlreadyExists { .. })), "{taken:?}");
    assert_eq!(store.get_range(&path, 2..5).await.expect("reads"), "234");
    assert_eq!(store.get_ranges(&path, &[0..1, 8..10]).await.expect("reads"), ["0", "89"]);
    assert_eq!(store.head(&path).await.expect("is there").size, 10);
    let old_tag = store.head(&path).await.expect("is there").e_tag;
    let options = GetOptions { if_none_match: old_tag, ..GetOptions::default() };
    assert!(matches!(store.get_opts(&path, options).await, Err(StoreError::NotModified { .. })));

    let mut upload = store.put_multipart(&Path::from("t/y")).await.expect("begins");
    let big = vec![7u8; 5 << 20];
    let (one, two) = (upload.put_part(big.clone().into()), upload.put_part("end".into()));
    two.await.expect("is written");
    one.await.expect("is written");
    assert!(store.head(&Path::from("t/y")).await.is_err(), "not there before it is complete");
    upload.complete().await.expect("completes");
    let read = store.get(&Path::from("t/y")).await.expect("is there").bytes().await.expect("reads");
    assert_eq!((read.len(), &read[read.len() - 3..]), (big.len() + 3, &b"end"[..]));

    store.copy(&path, &Path::from("t/x/2")).await.expect("copies");
    let names = |listed: Vec<object_store::ObjectMeta>| {
        listed.iter().map(|object| object.location.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(store.list(None).try_collect().await.expect("lists")), "t/x/1 t/x/2 t/y");
    assert_eq!(names(store.list(Some(&Path::from("none"))).try_collect().await.expect("lists")), "");
    let level = store.list_with_delimiter(Some(&Path::from("t"))).await.expect("lists");
    assert_eq!((level.common_prefixes, names(level.objects)), (vec![Path::from("t/x")], "t/y".to_owned()));
    let doomed = futures::stream::iter([Ok(path.clone()), Ok(Path::from("t/none"))]).boxed();
    let outcomes: Vec<_> = store.delete_stream(doomed).collect().await;
    assert!(outcomes[0].is_ok() && matches!(outcomes[1], Err(StoreError::NotFound { .. })), "{outcomes:?}");
    assert!(store.put(&Path::from(".tmp/x"), "x".into()).await.is_err());
}
