//! [Fashion-MNIST](https://github.com/zalandoresearch/fashion-mnist), and any image set in IDX format, for
//! [Burn](https://burn.dev).
//!
//! ```
//! use burn_fashion_mnist::{Images, Normalization};
//! use burn_flex::Flex;
//! use mlp_splits::permutation;
//!
//! // Three images of 1 x 2 pixels in two classes; FashionMnist::load returns 60,000 of 28 x 28 in ten.
//! let images = Images::new(vec![0, 51, 102, 153, 204, 255], vec![0, 1, 0], 1, 2, 2)?;
//! let order = permutation(images.len(), /* seed */ 42, /* epoch */ 0);
//! let batch = images.batch::<Flex>(&order[..2], Normalization::default(), &Default::default());
//! assert_eq!(batch.images.dims(), [2, 2]);
//! assert_eq!(batch.targets.dims(), [2]);
//! # Ok::<(), burn_fashion_mnist::DataError>(())
//! ```
//!
//! The data flow: files ([`idx`]) → [`FashionMnist`], one block of bytes per split ([`Images`]) →
//! [`mlp_splits::stratified_split`] → [`mlp_splits::permutation`] → [`Batch`].
//!
//! - [`FashionMnist::load`] finds the files; its documentation lists the places searched. [`FashionMnist::from_dir`]
//!   reads a folder. The content is verified by SHA-256, unless verification is turned off to read another data set in
//!   the same format.
//! - [`Images::batch`] makes a mini-batch in one copy. [`DeviceImages`] keeps a split on the device. [`Images`] is also
//!   a [`burn_dataset::Dataset`], and [`ImageBatcher`] fits Burn's `DataLoaderBuilder`.
//! - [`mlp_splits`] has orders, splits and folds, of these and of any other examples. [`shift`] derives data sets with a
//!   distribution shift, and [`corrupt`] corrupts images. [`LinearDataConfig`] draws a regression problem with known
//!   parameters.
//! - All that is random is drawn on the host from [`mlp_splits::random`], keyed by the seed. It is the same on every
//!   backend, platform and number of threads.
//!
//! # Features
//!
//! - `download`: [`load`](FashionMnist::load) may download the files over HTTPS.
//! - `sample`: compiles in 6,000 training and 1,000 test images (3 MB), for machines without the files.
#![forbid(unsafe_code)]

mod batch;
pub mod corrupt;
mod data_file;
#[cfg(feature = "download")]
mod download;
mod error;
#[cfg(feature = "download")]
mod failure;
mod fashion_mnist;
mod gzip;
pub mod idx;
mod images;
mod layout;
mod normal;
mod origin;
#[cfg(feature = "sample")]
mod sample;
pub mod shift;
mod source;
mod sources;
mod synthetic;
#[cfg(feature = "download")]
mod transfer;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use batch::{Batch, DeviceImages, ImageBatcher, Normalization};
#[cfg(feature = "download")]
pub use download::{MIRRORS, fetch};
pub use error::DataError;
pub use fashion_mnist::{FashionMnist, Split};
pub use images::{ImageItem, Images};
pub use origin::{Origin, OriginKind};
pub use source::Source;
pub use sources::{Progress, Request, cache_dir, candidates};
pub use synthetic::{Inputs, LinearData, LinearDataConfig};
