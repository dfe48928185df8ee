//! Curves over the epochs of a run.

use burn_mlp_train::EpochMetrics;
use mlp_plot::{Chart, Panels, Picture};

use crate::record::Summary;

/// The pictures of the curves by file name. The first shows all others together.
pub(super) fn pictures(epochs: &[EpochMetrics], summary: &Summary) -> Vec<(&'static str, Box<dyn Picture>)> {
    let [loss, accuracy] = [loss(epochs, summary), accuracy(epochs, summary)];
    let [rate, speed] = [learning_rate(epochs), speed(epochs)];
    let panels = Panels::new("", 2).with(&loss).with(&accuracy).with(&rate).with(&speed);
    vec![
        ("curves.svg", Box::new(panels)),
        ("loss.svg", Box::new(loss)),
        ("accuracy.svg", Box::new(accuracy)),
        ("learning-rate.svg", Box::new(rate)),
        ("speed.svg", Box::new(speed)),
    ]
}

fn loss(epochs: &[EpochMetrics], summary: &Summary) -> Chart {
    let chart = Chart::new("Loss").x_label("epoch").y_label("cross-entropy (nats)");
    let series = [
        ("train", over(epochs, |record| Some(record.train_loss))),
        ("test", over(epochs, |record| Some(record.test_loss))),
        ("validation", over(epochs, |record| record.validation_loss)),
    ];
    mark_model(lines(chart, &series), &series, summary)
}

fn accuracy(epochs: &[EpochMetrics], summary: &Summary) -> Chart {
    let percent = |fraction: f64| 100.0 * fraction;
    let chart = Chart::new("Accuracy").x_label("epoch").y_label("accuracy (%)");
    let series = [
        ("train", over(epochs, |record| Some(percent(record.train_accuracy)))),
        ("test", over(epochs, |record| Some(percent(record.test_accuracy)))),
        ("validation", over(epochs, |record| record.validation_accuracy.map(percent))),
    ];
    mark_model(lines(chart, &series), &series, summary)
}

fn learning_rate(epochs: &[EpochMetrics]) -> Chart {
    let rates = over(epochs, |record| Some(record.learning_rate));
    Chart::new("Learning rate").x_label("epoch").y_label("rate of the last step").line("", rates)
}

fn speed(epochs: &[EpochMetrics]) -> Chart {
    let speeds = over(epochs, |record| Some(record.examples_per_second / 1000.0));
    let chart = Chart::new("Speed of training").x_label("epoch").y_label("thousand images per second");
    let highest = speeds.iter().map(|&(_, speed)| speed).filter(|speed| speed.is_finite()).fold(0.0, f64::max);
    // The axis starts at 0, so that noise does not look like a trend.
    if highest > 0.0 { chart.y_range(0.0, 1.1 * highest).line("", speeds) } else { chart.line("", speeds) }
}

type Series = (&'static str, Vec<(f64, f64)>);

fn over(epochs: &[EpochMetrics], metric: impl Fn(&EpochMetrics) -> Option<f64>) -> Vec<(f64, f64)> {
    epochs.iter().filter_map(|record| Some((record.epoch as f64, metric(record)?))).collect()
}

fn lines(chart: Chart, series: &[Series]) -> Chart {
    let present = series.iter().filter(|(_, points)| !points.is_empty());
    present.fold(chart, |chart, (name, points)| chart.line(name, points.iter().copied()))
}

/// Marks the epoch whose model was kept, unless it is the last one.
fn mark_model(chart: Chart, series: &[Series], summary: &Summary) -> Chart {
    if summary.model_epoch == summary.epochs || summary.model_epoch == 0 {
        return chart;
    }
    let values = series.iter().flat_map(|(_, points)| points).map(|&(_, y)| y).filter(|y| y.is_finite());
    let ends = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    let epoch = summary.model_epoch as f64;
    chart.guide("epoch of the model", [(epoch, ends.0), (epoch, ends.1)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(epoch: usize) -> EpochMetrics {
        EpochMetrics {
            epoch,
            train_loss: 1.0 / epoch as f64,
            train_accuracy: 0.8,
            test_loss: 0.5,
            test_accuracy: 0.7,
            validation_loss: None,
            validation_accuracy: None,
            learning_rate: 0.5,
            seconds: 1.0,
            evaluation_seconds: 0.1,
            examples_per_second: 60_000.0,
        }
    }

    fn summary(epochs: usize, model_epoch: usize) -> Summary {
        Summary {
            epochs,
            steps: 10,
            model_epoch,
            parameters: 1,
            test_loss: 0.5,
            test_accuracy: 0.7,
            validation_loss: None,
            validation_accuracy: None,
            train_loss: None,
            stopped_early: false,
            training_seconds: 1.0,
        }
    }

    #[test]
    fn there_is_a_validation_curve_only_with_a_validation_split() {
        let mut epochs = [epoch(1), epoch(2)];
        let validation = |epochs: &[EpochMetrics]| loss(epochs, &summary(2, 2)).svg().contains(">validation</text>");
        assert!(!validation(&epochs));
        epochs[0].validation_loss = Some(0.6);
        assert!(validation(&epochs));
    }

    #[test]
    fn the_epoch_of_the_model_is_marked_unless_it_is_the_last() {
        let epochs = [epoch(1), epoch(2)];
        let marked = |model| accuracy(&epochs, &summary(2, model)).svg().contains("epoch of the model");
        assert_eq!([marked(1), marked(2)], [true, false]);
    }

    #[test]
    fn every_curve_is_in_the_picture_of_all() {
        let pictures = pictures(&[epoch(1)], &summary(1, 1));
        let all = pictures[0].1.svg();
        for title in ["Loss", "Accuracy", "Learning rate", "Speed of training"] {
            assert!(all.contains(&format!("<title>{title}</title>")), "{title}");
        }
    }
}
