use burn::nn::{Linear, LinearConfig};
use burn::{prelude::*, tensor::activation::relu};
use burn_mlp::DropoutLayers;
use burn_mlp_train::{Network, Rows, Trainer, TrainerConfig, evaluate};

#[derive(Module, Debug, DropoutLayers)]
struct Net<B: Backend> {
    hidden: Linear<B>,
    output: Linear<B>,
}

impl<B: Backend> Network<B> for Net<B> {
    fn outputs(&self, rows: Tensor<B, 2>) -> Tensor<B, 2> {
        self.output.forward(relu(self.hidden.forward(rows)))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    type B = burn_autodiff::Autodiff<burn_flex::Flex>;
    let device = Default::default();
    B::seed(&device, 7);
    let leaves = leaves(&std::fs::read_to_string("leaves.csv")?)?; // three numbers and the tree of each
    let net = Net { hidden: LinearConfig::new(3, 8).init::<B>(&device), output: LinearConfig::new(8, 3).init(&device) };
    let config = TrainerConfig { epochs: 400, batch_size: 60, learning_rate: 0.3, ..Default::default() };
    let run = Trainer::new(net, &leaves, config, &device).fit_or_resume("run")?;
    println!("accuracy {:.3}", evaluate(&run.model, &leaves, &device).accuracy);
    Ok(())
}

/// Lines `length,width,stem,tree`, in millimetres, below a heading; lengths in units of 5 cm.
fn leaves(text: &str) -> Result<Rows, Box<dyn std::error::Error>> {
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        for field in &fields[..3] {
            values.push(field.parse::<f32>()? / 50.0);
        }
        let tree = ["beech", "lime", "pear"].iter().position(|tree| *tree == fields[3]);
        labels.push(tree.ok_or("another tree")? as u32);
    }
    Ok(Rows::new(values, 3, labels)?)
}
