use std::sync::Arc;

use burn_dataset::Dataset;

use crate::DataError;

/// Images of one split: one contiguous block of grey values, and the labels.
///
/// Clones share the data.
#[derive(Clone, Debug)]
pub struct Images {
    // `Arc<Vec<u8>>`, since converting to `Arc<[u8]>` would copy the whole data set and need its memory twice.
    pixels: Arc<Vec<u8>>,
    labels: Arc<Vec<u8>>,
    height: usize,
    width: usize,
    classes: usize,
}

impl Images {
    /// Creates a set from pixels and labels.
    ///
    /// # Shapes
    ///
    /// - pixels: `labels.len() * height * width` values, image by image, row by row, 0 (background) to 255
    /// - labels: one per image, each below `classes`
    ///
    /// # Errors
    ///
    /// If the lengths do not match, a side is 0, `classes` is not in `1..=256`, a label is not below `classes`, or
    /// there are more than `u32::MAX` images.
    ///
    /// # Examples
    ///
    /// ```
    /// use burn_fashion_mnist::Images;
    ///
    /// let images = Images::new(vec![0, 51, 102, 255], vec![1, 0], 1, 2, 2)?;
    /// assert_eq!(images.len(), 2);
    /// assert_eq!(images.image(1), Some(&[102, 255][..]));
    /// # Ok::<(), burn_fashion_mnist::DataError>(())
    /// ```
    pub fn new(
        pixels: Vec<u8>,
        labels: Vec<u8>,
        height: usize,
        width: usize,
        classes: usize,
    ) -> Result<Self, DataError> {
        let argument = |name, expected: &str, found: usize| DataError::Argument {
            name,
            expected: expected.to_owned(),
            found: found.to_string(),
        };
        if height == 0 || width == 0 {
            return Err(argument("the shorter side of the images", "at least 1", height.min(width)));
        }
        if !(1..=256).contains(&classes) {
            return Err(argument("the number of classes", "1 to 256", classes));
        }
        if u32::try_from(labels.len()).is_err() {
            return Err(argument("the number of images", "at most 4294967295", labels.len()));
        }
        let expected = height.checked_mul(width).and_then(|d_input| d_input.checked_mul(labels.len()));
        if expected != Some(pixels.len()) {
            return Err(DataError::PixelCount { examples: labels.len(), height, width, found: pixels.len() });
        }
        if let Some(index) = labels.iter().position(|&label| usize::from(label) >= classes) {
            return Err(DataError::LabelOutOfRange { index, found: labels[index], classes });
        }
        Ok(Self { pixels: pixels.into(), labels: labels.into(), height, width, classes })
    }

    /// Number of images.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no image.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Rows per image.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns per image.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of classes. A subset has the same number, even if a class has no image left.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Pixels per image, `height * width`: the number of inputs of a network on flattened images.
    #[must_use]
    pub fn d_input(&self) -> usize {
        self.height * self.width
    }

    /// The grey values of one image, row by row. `None` if there is no such image.
    #[must_use]
    pub fn image(&self, index: usize) -> Option<&[u8]> {
        // The check also prevents an overflow of the product.
        (index < self.len()).then(|| &self.pixels[index * self.d_input()..][..self.d_input()])
    }

    /// The class of one image. `None` if there is no such image.
    #[must_use]
    pub fn label(&self, index: usize) -> Option<u8> {
        self.labels.get(index).copied()
    }

    /// All labels.
    #[must_use]
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }

    /// All grey values, image by image.
    #[must_use]
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Copies the examples at `indices`, in that order; indices may repeat.
    ///
    /// # Panics
    ///
    /// If an index is not below [`len`](Self::len).
    #[must_use]
    pub fn select(&self, indices: &[u32]) -> Self {
        let mut pixels = Vec::with_capacity(indices.len() * self.d_input());
        for &index in indices {
            pixels.extend_from_slice(self.expect_image(index as usize));
        }
        let labels: Vec<u8> = indices.iter().map(|&index| self.labels[index as usize]).collect();
        Self { pixels: pixels.into(), labels: labels.into(), ..*self }
    }

    /// Number of images of each class, `[classes]`.
    #[must_use]
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes];
        for &label in self.labels() {
            counts[usize::from(label)] += 1;
        }
        counts
    }

    /// The same images with other labels: one per image, each below [`classes`](Self::classes).
    pub(crate) fn with_labels(&self, labels: Vec<u8>) -> Self {
        Self { labels: labels.into(), ..self.clone() }
    }

    /// Other images of the same size with the same labels.
    pub(crate) fn with_pixels(&self, pixels: Vec<u8>) -> Self {
        Self { pixels: pixels.into(), ..self.clone() }
    }

    pub(crate) fn expect_image(&self, index: usize) -> &[u8] {
        match self.image(index) {
            Some(image) => image,
            None => panic!("image {index} of {}", self.len()),
        }
    }
}

/// One example of [`Images`], as returned by its [`Dataset`] implementation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageItem {
    /// Grey values, row by row.
    pub pixels: Vec<u8>,
    /// The class.
    pub label: u8,
}

impl Dataset<ImageItem> for Images {
    fn get(&self, index: usize) -> Option<ImageItem> {
        Some(ImageItem { pixels: self.image(index)?.to_vec(), label: self.label(index)? })
    }

    fn len(&self) -> usize {
        self.labels.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> Images {
        Images::new((0..12).collect(), vec![2, 0, 2], 2, 2, 4).expect("valid")
    }

    #[test]
    fn an_image_is_its_slice_of_the_block() {
        let images = three();
        assert_eq!(images.image(1), Some(&[4, 5, 6, 7][..]));
        assert_eq!((images.image(3), images.label(3)), (None, None));
        assert_eq!(images.image(usize::MAX), None);
        assert_eq!(images.class_counts(), [1, 0, 2, 0]);
    }

    #[test]
    fn select_keeps_order_repeats_and_classes() {
        let chosen = three().select(&[2, 0, 2]);
        assert_eq!(chosen.pixels(), [8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11]);
        assert_eq!(chosen.labels(), [2, 2, 2]);
        assert_eq!(chosen.classes(), 4);
        assert!(three().select(&[]).is_empty());
    }

    #[test]
    #[should_panic(expected = "image 3 of 3")]
    fn select_past_the_end_panics() {
        let _ = three().select(&[3]);
    }

    #[test]
    fn the_dataset_agrees_with_the_slices() {
        let images = three();
        assert_eq!(images.get(2), Some(ImageItem { pixels: vec![8, 9, 10, 11], label: 2 }));
        assert_eq!(images.get(3), None);
        assert_eq!(images.iter().count(), 3);
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let message = |pixels, labels: &[u8], height, width, classes| {
            Images::new(vec![0; pixels], labels.to_vec(), height, width, classes).expect_err("invalid").to_string()
        };
        assert_eq!(message(7, &[0, 0], 2, 2, 1), "expected 2 x 2 x 2 pixels, found 7");
        assert_eq!(message(2, &[1, 3], 1, 1, 3), "label 1 is 3; expected 0 to 2 (3 classes)");
        assert_eq!(message(0, &[], 1, 0, 3), "the shorter side of the images is 0; expected at least 1");
        assert_eq!(message(1, &[0], 1, 1, 257), "the number of classes is 257; expected 1 to 256");
        assert_eq!(message(1, &[0], 1, 1, 0), "the number of classes is 0; expected 1 to 256");
        assert!(message(1, &[0, 0], usize::MAX, 2, 1).contains("found 1"));
        assert!(Images::new(vec![9], vec![255], 1, 1, 256).is_ok());
    }
}
