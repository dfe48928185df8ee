//! What follows a linear map or a normalization in the same operation.

use alloc::vec::Vec;

/// What follows.
pub(super) enum After {
    /// Nothing.
    Nothing,
    /// ReLU.
    Relu,
    /// ReLU, then dropout. The mask has one element per output element: 0 if dropped, `scale` if kept.
    ReluDropout { mask: Vec<f32>, scale: f32 },
}

impl After {
    /// Applies it to some elements of the output, of which the first is `start`.
    pub fn apply(&self, start: usize, values: &mut [f32]) {
        match self {
            Self::Nothing => {}
            Self::Relu => values.iter_mut().for_each(|y| *y = relu(*y)),
            Self::ReluDropout { mask, .. } => {
                let mask = &mask[start..start + values.len()];
                values.iter_mut().zip(mask).for_each(|(y, m)| *y = relu(*y) * m);
            }
        }
    }

    /// The derivative where an element is kept: it is 0 elsewhere. `None` if nothing follows.
    pub const fn slope(&self) -> Option<f32> {
        match self {
            Self::Nothing => None,
            Self::Relu => Some(1.0),
            Self::ReluDropout { scale, .. } => Some(*scale),
        }
    }
}

/// NaN stays NaN, so that a broken input is seen in the loss. `f32::max` would return 0.
fn relu(x: f32) -> f32 {
    if x <= 0.0 { 0.0 } else { x }
}

/// The gradient at the input, from the one at the output. The output is positive exactly where the ReLU's input is
/// positive and dropout kept the element.
pub(super) fn through(gradient: &mut [f32], output: &[f32], slope: f32) {
    for (g, y) in gradient.iter_mut().zip(output) {
        *g = if *y <= 0.0 { 0.0 } else { *g * slope };
    }
}
