//! Learning-rate schedules. The rate is a function of the step alone, so resuming needs no state.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::range;

/// Name of a learning-rate schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScheduleKind {
    /// The same rate throughout.
    #[default]
    Constant,
    /// Falls along half a cosine from the peak to `final_fraction` of it.
    Cosine,
    /// Rises along half a cosine from `initial_fraction` to the peak during `rise_fraction` of the run, then falls
    /// along another to `final_fraction` (Smith 2018).
    OneCycle,
    /// Multiplied by `step_factor` every `step_epochs`.
    Step,
}

/// The learning rate over time; `training.learning_rate` is its peak.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConfig {
    /// `constant`, `cosine`, `one-cycle` or `step`.
    pub kind: ScheduleKind,
    /// Epochs over which the rate first rises linearly from 0. Ignored by `one-cycle`, which has its own rise.
    #[serde(deserialize_with = "range::not_negative")]
    pub warmup_epochs: f64,
    /// Last rate of `cosine` and `one-cycle` as a fraction of the peak, in `[0, 1]`.
    #[serde(deserialize_with = "range::fraction")]
    pub final_fraction: f64,
    /// First rate of `one-cycle` as a fraction of the peak, in `[0, 1]`.
    #[serde(deserialize_with = "range::fraction")]
    pub initial_fraction: f64,
    /// Fraction of the run in which `one-cycle` rises, in `[0, 1)`.
    #[serde(deserialize_with = "range::below_one")]
    pub rise_fraction: f64,
    /// Epochs between two reductions of `step`, at least 1.
    #[serde(deserialize_with = "range::at_least_one")]
    pub step_epochs: usize,
    /// Factor of each reduction of `step`, in `(0, 1]`.
    #[serde(deserialize_with = "range::above_zero_to_one")]
    pub step_factor: f64,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            kind: ScheduleKind::Constant,
            warmup_epochs: 0.0,
            final_fraction: 0.0,
            initial_fraction: 0.04,
            rise_fraction: 0.3,
            step_epochs: 10,
            step_factor: 0.1,
        }
    }
}

/// A learning-rate schedule over a run of known length.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    config: ScheduleConfig,
    peak: f64,
    steps_per_epoch: u64,
    steps: u64,
}

impl Schedule {
    /// A schedule with the given peak over `epochs` epochs of `steps_per_epoch` steps.
    pub fn new(config: ScheduleConfig, peak: f64, steps_per_epoch: u64, epochs: usize) -> Self {
        Self { config, peak, steps_per_epoch, steps: steps_per_epoch.saturating_mul(epochs as u64) }
    }

    /// The learning rate of a step, counted from 0.
    pub fn learning_rate(&self, step: u64) -> f64 {
        let warmup_steps = self.config.warmup_epochs * self.steps_per_epoch as f64;
        let position = step as f64;
        // The last step, at which `progress` is 1.
        let last = self.steps.saturating_sub(1) as f64;
        let fraction = match self.config.kind {
            ScheduleKind::OneCycle => {
                let summit = (self.config.rise_fraction * self.steps as f64 - 1.0).max(0.0);
                if position < summit {
                    return self.peak * half_cosine(self.config.initial_fraction, 1.0, position / summit);
                }
                return self.peak * half_cosine(1.0, self.config.final_fraction, progress(position, summit, last));
            }
            _ if position < warmup_steps => return self.peak * (position + 1.0) / (warmup_steps + 1.0),
            ScheduleKind::Constant => 1.0,
            ScheduleKind::Cosine => {
                half_cosine(1.0, self.config.final_fraction, progress(position, warmup_steps, last))
            }
            ScheduleKind::Step => {
                let epoch = step / self.steps_per_epoch.max(1);
                let reductions = epoch / self.config.step_epochs as u64;
                self.config.step_factor.powi(i32::try_from(reductions).unwrap_or(i32::MAX))
            }
        };
        self.peak * fraction
    }
}

/// How far `position` lies between `start` and `end`, in `[0, 1]`; 1 where they coincide.
fn progress(position: f64, start: f64, end: f64) -> f64 {
    if end > start { ((position - start) / (end - start)).clamp(0.0, 1.0) } else { 1.0 }
}

fn half_cosine(from: f64, to: f64, progress: f64) -> f64 {
    to + (from - to) * (1.0 + (PI * progress).cos()) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(kind: ScheduleKind) -> Schedule {
        let config = ScheduleConfig { kind, step_epochs: 2, ..Default::default() };
        Schedule::new(config, 2.0, 10, 10)
    }

    fn assert_close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }

    #[test]
    fn constant_stays() {
        assert_eq!(schedule(ScheduleKind::Constant).learning_rate(77), 2.0);
    }

    #[test]
    fn cosine_starts_at_the_peak_is_half_in_the_middle_and_ends_at_its_fraction() {
        let mut cosine = schedule(ScheduleKind::Cosine);
        cosine.config.final_fraction = 0.1;
        assert_close(cosine.learning_rate(0), 2.0);
        assert_close((cosine.learning_rate(49) + cosine.learning_rate(50)) / 2.0, 1.1);
        assert_close(cosine.learning_rate(99), 0.2);
        assert_close(cosine.learning_rate(1000), 0.2);
    }

    // torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2, total_steps=100, final_div_factor=1e30)
    #[test]
    fn one_cycle_matches_pytorch() {
        let cycle = schedule(ScheduleKind::OneCycle);
        for (step, expected) in
            [(0, 0.08), (10, 0.590_327_896_928), (29, 2.0), (30, 1.998_993_066_541), (64, 1.0), (99, 0.0)]
        {
            assert!((cycle.learning_rate(step) - expected).abs() < 1e-11, "step {step}");
        }
    }

    #[test]
    fn step_reduces_at_epochs() {
        let step = schedule(ScheduleKind::Step);
        assert_close(step.learning_rate(19), 2.0);
        assert_close(step.learning_rate(20), 0.2);
        assert_close(step.learning_rate(45), 0.02);
    }

    #[test]
    fn warm_up_rises_to_the_peak_and_never_starts_at_zero() {
        let mut warm = schedule(ScheduleKind::Constant);
        warm.config.warmup_epochs = 1.0;
        assert!(warm.learning_rate(0) > 0.0);
        assert!((0..9).all(|step| warm.learning_rate(step) < warm.learning_rate(step + 1)));
        assert_eq!(warm.learning_rate(10), 2.0);
    }

    #[test]
    fn a_run_without_an_end_has_a_finite_rate() {
        for kind in [ScheduleKind::Constant, ScheduleKind::Cosine, ScheduleKind::OneCycle, ScheduleKind::Step] {
            let config = ScheduleConfig { kind, ..Default::default() };
            let rate = Schedule::new(config, 1.0, 1000, usize::MAX).learning_rate(1);
            assert!(rate.is_finite(), "{kind:?}");
        }
    }

    #[test]
    fn a_run_of_one_step_has_a_finite_rate() {
        for kind in [ScheduleKind::Constant, ScheduleKind::Cosine, ScheduleKind::OneCycle, ScheduleKind::Step] {
            let rate = Schedule::new(ScheduleConfig { kind, ..Default::default() }, 1.0, 1, 1).learning_rate(0);
            assert!(rate.is_finite(), "{kind:?}");
        }
    }
}
