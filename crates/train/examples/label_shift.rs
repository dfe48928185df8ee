//! A classifier meets other shares of the classes than it was trained with. Only probabilities are needed to notice and
//! correct that: no Burn model, no new labels.
//!
//! ```text
//! cargo run -p burn-mlp-train --example label_shift
//! ```

use burn_mlp::Key;
use mlp_metrics::{ConfusionMatrix, LabelShift, ShiftMethod, top_label};

/// Shares of the three classes where the classifier was trained, and where it is used.
const SOURCE: [f64; 3] = [1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0];
const TARGET: [f64; 3] = [0.7, 0.2, 0.1];
/// The mean of the one feature in each class; its standard deviation is 1.
const MEANS: [f64; 3] = [0.0, 1.5, 3.0];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (source, source_labels) = draw(SOURCE, 5000, 1);
    // The labels of the target are what nobody has: they serve to check the result.
    let (target, target_labels) = draw(TARGET, 5000, 2);

    // From hard predictions and a confusion matrix of held-out source examples ...
    let confusion = ConfusionMatrix::from_labels(&predictions(&source), &source_labels, 3)?;
    let by_confusion = LabelShift::from_confusion(&confusion, &predictions(&target))?;
    // ... or from the probabilities themselves, where they can be believed.
    let by_probabilities = LabelShift::from_probabilities(&SOURCE, &target)?;

    println!("true shares                {TARGET:.3?}");
    for (name, shift) in
        [("by confusion matrix      ", &by_confusion), ("by probabilities         ", &by_probabilities)]
    {
        println!("{name}  {:.3?}, weights {:.2?}", shift.target, shift.weights);
        assert!(shift.target.iter().zip(TARGET).all(|(found, share)| (found - share).abs() < 0.05), "far off");
    }
    if let ShiftMethod::ConfusionMatrix { condition_number, .. } = by_confusion.method {
        println!("condition number           {condition_number:.2}");
    }

    let before = accuracy(&target, &target_labels);
    let adjusted: Vec<f32> = by_probabilities.adjust(&target)?.iter().map(|&p| p as f32).collect();
    let after = accuracy(&adjusted, &target_labels);
    println!("accuracy on the target     {:.1} %, adjusted {:.1} %", 100.0 * before, 100.0 * after);
    assert!(after > before + 0.03, "the adjusted classifier should be better");
    Ok(())
}

/// What a classifier trained under `SOURCE` says of `n` examples, `[n, 3]` row by row, and their true labels.
///
/// It is the best possible one: `P(y | x)` by Bayes' rule for normal distributions.
fn draw(shares: [f64; 3], n: usize, seed: u64) -> (Vec<f32>, Vec<u8>) {
    let key = Key::new(seed, *b"examples");
    let (mut probabilities, mut labels) = (Vec::new(), Vec::new());
    for (uniform, normal) in key.uniforms().zip(key.at(1, 0).normals()).take(n) {
        let label = if uniform < shares[0] {
            0
        } else if uniform < shares[0] + shares[1] {
            1
        } else {
            2
        };
        let feature = MEANS[label] + normal;
        let densities: [f64; 3] =
            std::array::from_fn(|class| SOURCE[class] * (-0.5 * (feature - MEANS[class]).powi(2)).exp());
        let sum: f64 = densities.iter().sum();
        probabilities.extend(densities.map(|density| (density / sum) as f32));
        labels.push(label as u8);
    }
    (probabilities, labels)
}

fn predictions(probabilities: &[f32]) -> Vec<usize> {
    probabilities.chunks(3).map(|row| top_label(row).0).collect()
}

fn accuracy(probabilities: &[f32], labels: &[u8]) -> f64 {
    let predicted = predictions(probabilities);
    let right = predicted.iter().zip(labels).filter(|(found, label)| **found == usize::from(**label));
    right.count() as f64 / labels.len() as f64
}
