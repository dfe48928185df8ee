mod amount;
mod arms;
mod averaging;
mod label_noise;
mod length;
mod rate;
mod settings;
mod width;
pub use settings::WhenDropoutPays;

#[cfg(test)]
mod prototype {
    use super::*;
    use crate::Lab;
    use crate::platform::test::TestPlatform;
    use burn_fashion_mnist::{FashionMnist, Request, Source};
    use mlp_settings::Settings;
    use std::time::Instant;

    #[test]
    fn run() {
        let Ok(designs) = std::env::var("PAYS") else { return };
        let data = FashionMnist::load(&Request::new(Source::Auto)).unwrap();
        let data = if let Ok(n) = std::env::var("PAYS_N") {
            let n: u32 = n.parse().unwrap();
            let mut data = data;
            data.train = data.train.select(&(0..n).collect::<Vec<_>>());
            data
        } else { data };
        let lab: Lab<TestPlatform> = Lab::new(data, Default::default(), Default::default(), true);
        let text = std::fs::read_to_string(std::env::var("PAYS_CONFIG").unwrap()).unwrap();
        let mut settings = Settings::defaults::<WhenDropoutPays>();
        settings.layer_text(&text, std::path::Path::new("x")).unwrap();
        for assignment in std::env::var("PAYS_SET").unwrap_or_default().split(';').filter(|a| !a.is_empty()) {
            settings.set(assignment).unwrap();
        }
        let experiment: WhenDropoutPays = settings.resolve().unwrap();
        for seed in std::env::var("PAYS_SEEDS").unwrap_or("1".into()).split(',') {
            let seed: u64 = seed.parse().unwrap();
            for design in designs.split(',') {
                let start = Instant::now();
                let text = match design {
                    "noise" => serde_json::to_string(&experiment.measure_label_noise(&lab, seed).unwrap()),
                    "amount" => serde_json::to_string(&experiment.measure_amount(&lab, seed).unwrap()),
                    "length" => serde_json::to_string(&experiment.measure_length(&lab, seed).unwrap()),
                    "width" => serde_json::to_string(&experiment.measure_width(&lab, seed).unwrap()),
                    "rate" => serde_json::to_string(&experiment.measure_rate(&lab, seed).unwrap()),
                    _ => serde_json::to_string(&experiment.measure_averaging(&lab, seed).unwrap()),
                }
                .unwrap();
                println!("@ {design} {seed} {:.1} {text}", start.elapsed().as_secs_f64());
            }
        }
    }
}
