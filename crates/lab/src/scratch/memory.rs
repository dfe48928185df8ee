//! How much a pass through a network has to keep.

/// What a pass through a network is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// A backward pass follows: the batch, every layer's linear output, every hidden activation stay.
    Training,
    /// Only the output is wanted: a layer's input can go when its output is there.
    Prediction,
}

/// Most bytes of intermediates that a fully connected network holds at once, its parameters not counted.
///
/// `widths` are the numbers of features from the input to the output. For training `batch·(d_input + 2·Σ d_hidden +
/// d_output)` numbers, which grows with depth and batch; for prediction, with activations in place, `batch` times the
/// largest sum of two neighbouring widths, which does not grow with depth.
///
/// # Examples
///
/// ```
/// use mlp_lab::scratch::memory::{Pass, stored_bytes};
///
/// let widths = [784, 256, 256, 10];
/// assert_eq!(stored_bytes(&widths, 256, Pass::Training, 4), 256 * (784 + 2 * 512 + 10) * 4);
/// assert_eq!(stored_bytes(&widths, 256, Pass::Prediction, 4), 256 * (784 + 256) * 4);
/// ```
pub fn stored_bytes(widths: &[usize], batch: usize, pass: Pass, bytes_per_number: usize) -> usize {
    let numbers = match (pass, widths) {
        (Pass::Training, [input, hidden @ .., output]) => input + 2 * hidden.iter().sum::<usize>() + output,
        (Pass::Training, _) => widths.iter().sum(),
        (Pass::Prediction, _) => widths.windows(2).map(|pair| pair[0] + pair[1]).max().unwrap_or(0),
    };
    batch * numbers * bytes_per_number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_bytes_grow_with_depth_and_batch_in_training_only_with_batch_in_prediction() {
        let widths = |depth: usize| vec![64; depth + 2];
        let training = |depth, batch| stored_bytes(&widths(depth), batch, Pass::Training, 4);
        let prediction = |depth, batch| stored_bytes(&widths(depth), batch, Pass::Prediction, 4);
        assert_eq!(training(8, 32) - training(4, 32), training(12, 32) - training(8, 32));
        assert_eq!(training(4, 64), 2 * training(4, 32));
        assert_eq!((prediction(4, 32), prediction(4, 64)), (prediction(40, 32), 2 * prediction(4, 32)));
    }
}
