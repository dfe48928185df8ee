use burn::nn::{Embedding, EmbeddingConfig};
use burn::prelude::*;
use burn_mlp::{Dropout, DropoutConfig, DropoutLayers, Init, LayerInit, Mlp, MlpConfig, Probability, Standardize};
use burn_mlp_train::{
    Classes, EarlyStopping, Network, Table, TableBatch, Trainer, TrainerConfig, evaluate, monte_carlo,
};

type B = burn_autodiff::Autodiff<burn_flex::Flex>;
type Error = Box<dyn std::error::Error>;

#[derive(Module, Debug, DropoutLayers)]
struct Net<B: Backend> {
    scaling: Standardize<B>,
    site: Embedding<B>,
    soil: Embedding<B>,
    dropout: Dropout<B>,
    mlp: Mlp<B>,
}

impl<B: Backend> Network<B, TableBatch<B>> for Net<B> {
    fn outputs(&self, TableBatch { numbers, categories }: TableBatch<B>) -> Tensor<B, 2> {
        let [site, soil] = [(&self.site, 0), (&self.soil, 1)]
            .map(|(embedding, column)| embedding.forward(categories.clone().narrow(1, column, 1)).squeeze_dim(1));
        let categories = self.dropout.forward(Tensor::cat(vec![site, soil], 1));
        self.mlp.forward(Tensor::cat(vec![self.scaling.forward(numbers), categories], 1))
    }
}

fn net(trees: &Table<Classes>, device: &Device<B>) -> Result<Net<B>, Error> {
    let embedding = |column: usize| EmbeddingConfig::new(trees.vocabulary(column).len(), 3).init(device);
    let mlp = MlpConfig::new(2 + 2 * 3, [32, 32], trees.class_names().len()).with_batch_norm(true).with_dropout(0.2);
    let mut net = Net {
        scaling: Standardize::fit(&trees.numbers(), 2, device)?,
        site: embedding(0),
        soil: embedding(1),
        dropout: DropoutConfig::new(Probability::of(0.1)).init(),
        mlp: mlp.init(device)?,
    };
    net.seed_dropout(7);
    Ok(LayerInit::default().with_embedding(Init::Normal { mean: 0.0, std: 1.0 }).apply(net, 7))
}

fn read(path: &str) -> Result<Table<Classes>, Error> {
    let text = std::fs::read_to_string(path)?;
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let names = |column: usize| rows.iter().map(|row| row[column]).collect::<Vec<_>>();
    let numbers = |column: usize| rows.iter().map(|row| row[column].parse()).collect::<Result<Vec<f32>, _>>();
    let trees = Table::of_classes(&names(4)).with_numbers("height", numbers(0)?)?.with_numbers("girth", numbers(1)?)?;
    Ok(trees.with_categories("site", &names(2))?.with_categories("soil", &names(3))?)
}

fn main() -> Result<(), Error> {
    let (trees, device) = (read("trees.csv")?, Default::default());
    let (train, test) = mlp_splits::stratified_split(trees.targets().as_slice(), 0.25, 7)?;
    let (train, test) = (trees.select(&train)?, trees.select(&test)?);
    let config = TrainerConfig { epochs: 150, batch_size: 32, learning_rate: 0.05, ..Default::default() };
    let trainer = Trainer::new(net(&train, &device)?, &train, config, &device);
    let run = trainer.with_validation(&test, EarlyStopping::default()).fit_or_resume("run")?;
    let doubt = monte_carlo(&run.model, &test, 100, &device)?;
    let accuracy = evaluate(&run.model, &test, &device).accuracy;
    println!("accuracy {accuracy:.3}; the first tree's entropy {:.3} nats", doubt[0].predictive_entropy);
    Ok(())
}
