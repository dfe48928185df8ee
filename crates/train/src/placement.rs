//! Where and how a batch is computed.

/// How a device is used. It changes how long a step takes, never what is computed: only the last digits may differ,
/// where the order of summation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Number of micro-batches that a batch is divided into, each with its own threads; 1 for no division. The number
    /// is fixed, so that the result does not depend on the number of threads.
    pub micro_batches: usize,
    /// Number of steps whose losses are read together, at least 1. A device that executes asynchronously stalls at each
    /// read.
    pub steps_between_reads: usize,
    /// Whether the optimizer updates parameters in one pass over host memory, instead of by tensor operations.
    pub one_pass: bool,
    /// Whether the training examples are kept on the device. Only [`Examples`](crate::Examples) that support it do so.
    pub resident: bool,
}

impl Placement {
    /// For a processor: two micro-batches in parallel, each loss read immediately, parameters updated in one pass.
    pub const HOST: Self = Self { micro_batches: 2, steps_between_reads: 1, one_pass: true, resident: false };
    /// For a GPU: whole batches, losses read every 32 steps, parameters updated and examples kept on the device.
    pub const DEVICE: Self = Self { micro_batches: 1, steps_between_reads: 32, one_pass: false, resident: true };
}

impl Default for Placement {
    /// [`Placement::HOST`].
    fn default() -> Self {
        Self::HOST
    }
}
