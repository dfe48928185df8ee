use crate::{DataError, FashionMnist};

/// The four files of the subset that `examples/make_sample.rs` writes.
const FILES: [&[u8]; 4] = [
    include_bytes!("../assets/train-images-idx3-ubyte.gz"),
    include_bytes!("../assets/train-labels-idx1-ubyte.gz"),
    include_bytes!("../assets/t10k-images-idx3-ubyte.gz"),
    include_bytes!("../assets/t10k-labels-idx1-ubyte.gz"),
];

/// See [`Origin::sha256`](crate::Origin::sha256).
const SHA256: &str = "c29e1cc863744cb5f87906a254f1ae4319b0fcd2c061e856cf4461a00482d8f7";

impl FashionMnist {
    /// The embedded sample: the first 600 training and the first 100 test images of each class, in the order of the
    /// full data set.
    ///
    /// For tests, demonstrations and machines without network. Metrics on it are not comparable with published results:
    /// it has a tenth of the images.
    ///
    /// # Errors
    ///
    /// If the embedded bytes do not have the recorded hash.
    pub fn sample() -> Result<Self, DataError> {
        Self::from_sample(FILES, SHA256)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::Images;

    #[test]
    fn every_class_has_its_share() {
        let sample = FashionMnist::sample().expect("embedded");
        assert_eq!(sample.train.class_counts(), [600; 10]);
        assert_eq!(sample.test.class_counts(), [100; 10]);
        assert_eq!((sample.train.height(), sample.train.width()), (28, 28));
        assert_eq!(sample.class_names()[9], "Ankle boot");
        assert!(sample.origin.verified && sample.origin.warnings.is_empty());
    }

    #[test]
    fn the_assets_fit_into_four_megabytes() {
        assert!(FILES.iter().map(|file| file.len()).sum::<usize>() <= 4_000_000);
    }

    #[test]
    fn a_changed_sample_is_refused() {
        assert!(matches!(FashionMnist::from_sample(FILES, "other"), Err(DataError::HashMismatch { .. })));
    }

    #[test]
    fn it_is_the_start_of_each_class_of_the_full_set() {
        let dir = Path::new("/usr/share/datasets/fashion-mnist");
        if !dir.exists() {
            eprintln!("skipped: {} is absent (Debian package dataset-fashion-mnist)", dir.display());
            return;
        }
        let full = FashionMnist::from_dir(dir, true).expect("the package's files are whole");
        let sample = FashionMnist::sample().expect("embedded");
        for (part, whole, per_class) in [(&sample.train, &full.train, 600), (&sample.test, &full.test, 100)] {
            let expected = first_of_each_class(whole, per_class);
            assert_eq!(part.labels(), expected.labels());
            assert!(part.pixels() == expected.pixels());
        }
    }

    fn first_of_each_class(images: &Images, per_class: usize) -> Images {
        let mut seen = [0; 10];
        let indices: Vec<u32> = (0..images.len() as u32)
            .filter(|&index| {
                let count = &mut seen[usize::from(images.labels()[index as usize])];
                *count += 1;
                *count <= per_class
            })
            .collect();
        images.select(&indices)
    }
}
