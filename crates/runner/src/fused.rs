//! Optimizer steps in one pass over a parameter's memory.
//!
//! On a processor an optimizer is limited by memory, and tensor operations would pass over each parameter a dozen
//! times. The loops are elementwise, which compilers turn into vector instructions. The formulas are those of [`Optimizer`](crate::optimizer::Optimizer).

use crate::config::OptimizerConfig;

/// Plain gradient descent: `w ← w - η(g + λw)`.
pub fn sgd(weight: &mut [f32], gradient: &[f32], learning_rate: f64, decay: f64) {
    let (rate, decay) = (learning_rate as f32, decay as f32);
    for (w, g) in weight.iter_mut().zip(gradient) {
        *w -= rate * (g + decay * *w);
    }
}

/// Gradient descent with momentum.
#[derive(Clone, Copy, Debug)]
pub struct Momentum {
    /// Momentum μ.
    pub momentum: f64,
    /// Whether the step looks ahead.
    pub nesterov: bool,
}

impl Momentum {
    /// `v ← μv + g + λw`, `w ← w - ηv`, or `w ← w - η(g + λw + μv)`.
    pub fn apply(self, weight: &mut [f32], gradient: &[f32], velocity: &mut [f32], learning_rate: f64, decay: f64) {
        let (momentum, rate, decay) = (self.momentum as f32, learning_rate as f32, decay as f32);
        for ((w, g), v) in weight.iter_mut().zip(gradient).zip(velocity) {
            let penalized = g + decay * *w;
            *v = momentum * *v + penalized;
            *w -= rate * if self.nesterov { penalized + momentum * *v } else { *v };
        }
    }
}

/// One step of Adam or AdamW, its constants worked out.
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    beta1: f32,
    beta2: f32,
    /// `1 - β₁` and `1 - β₂`, rounded once: `1 - 0.999` in single precision is off by 10⁻⁵.
    rest1: f32,
    rest2: f32,
    epsilon: f32,
    /// λ in the gradient; zero when decoupled.
    penalty: f32,
    /// What is left of a weight after decoupled decay.
    kept: f32,
    /// `η/(1 - β₁ᵗ)`
    rate: f32,
    /// `1/√(1 - β₂ᵗ)`
    root_correction: f32,
}

impl Adam {
    /// Step number `steps`, counted from 1.
    pub fn new(config: &OptimizerConfig, learning_rate: f64, decay: f64, decoupled: bool, steps: u64) -> Self {
        let correction = |beta: f64| 1.0 - beta.powf(steps as f64);
        Self {
            beta1: config.beta1 as f32,
            beta2: config.beta2 as f32,
            rest1: (1.0 - config.beta1) as f32,
            rest2: (1.0 - config.beta2) as f32,
            epsilon: config.epsilon as f32,
            penalty: if decoupled { 0.0 } else { decay as f32 },
            kept: if decoupled { (1.0 - learning_rate * decay) as f32 } else { 1.0 },
            rate: (learning_rate / correction(config.beta1)) as f32,
            root_correction: correction(config.beta2).sqrt().recip() as f32,
        }
    }

    /// Moves `weight` and both moments.
    pub fn apply(self, weight: &mut [f32], gradient: &[f32], mean: &mut [f32], square: &mut [f32]) {
        for (((w, g), m), v) in weight.iter_mut().zip(gradient).zip(mean).zip(square) {
            let g = g + self.penalty * *w;
            *m = self.beta1 * *m + self.rest1 * g;
            *v = self.beta2 * *v + self.rest2 * g * g;
            *w = self.kept * *w - self.rate * *m / (v.sqrt() * self.root_correction + self.epsilon);
        }
    }
}
