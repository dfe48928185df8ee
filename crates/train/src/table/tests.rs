use burn_flex::Flex;

use super::*;

fn rows(count: u32) -> Rows {
    Rows::new((0..2 * count).map(|value| value as f32).collect(), 2, (0..count).collect()).unwrap()
}

fn table() -> Table<Classes> {
    let table = Table::of_classes(&["pear", "beech", "pear"]);
    let table = table.with_numbers("length", vec![1.0, 2.0, 3.0]).unwrap().with_numbers("width", vec![4.0, 5.0, 6.0]);
    table.unwrap().with_categories("site", &["b", "a", "c"]).unwrap()
}

#[test]
fn an_order_has_every_example_once_and_is_that_of_its_seed_and_epoch() {
    let order = |seed, epoch| Examples::<Flex>::order(&rows(100), seed, epoch);
    let mut sorted = order(1, 0);
    sorted.sort_unstable();
    assert_eq!(sorted, (0..100).collect::<Vec<u32>>());
    assert_eq!(order(1, 0), order(1, 0));
    assert!(order(1, 0) != order(1, 1) && order(1, 0) != order(2, 0));
}

#[test]
fn rows_are_taken_in_the_order_given() {
    let features: Tensor<Flex, 2> = rows(3).features(&[2, 0], &Default::default());
    assert_eq!(features.into_data().to_vec::<f32>().unwrap(), [4.0, 5.0, 0.0, 1.0]);
    let regression = Rows::with_numbers(vec![1.0, 2.0], 1, vec![1.0, 2.0, 3.0, 4.0], 2).unwrap();
    let targets: Tensor<Flex, 2> = regression.targets(&[1], &Default::default());
    assert_eq!(targets.into_data().to_vec::<f32>().unwrap(), [3.0, 4.0]);
    assert!(Rows::with_numbers(vec![1.0], 1, vec![1.0, 2.0, 3.0], 2).is_err());
    assert!(Rows::with_numbers(vec![], 1, vec![], 0).is_err());
}

#[test]
fn a_table_holds_numbers_and_the_index_of_each_name() {
    let batch: TableBatch<Flex> = table().features(&[2, 1], &Default::default());
    assert_eq!(batch.numbers.into_data().to_vec::<f32>().unwrap(), [3.0, 6.0, 2.0, 5.0]);
    assert_eq!(batch.categories.into_data().iter::<i64>().collect::<Vec<_>>(), [2, 0]);
    assert_eq!(table().numbers(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    let chosen = table().select(&[1]).unwrap();
    assert_eq!((chosen.vocabulary(0).len(), chosen.class_names().len()), (3, 2));
    assert_eq!(chosen.targets().as_slice(), [0]);
    assert_eq!(table().select(&[3]).unwrap_err(), TableError::NoRow { rows: 3, found: 3 });
}

#[test]
fn what_does_not_fit_is_refused_by_column_and_row() {
    let error = |table: Result<Table<Classes>, TableError>| table.unwrap_err().to_string();
    let short = error(table().with_numbers("stem", vec![1.0]));
    assert_eq!(short, "stem: expected 3 values, found 1");
    let broken = error(table().with_numbers("stem", vec![1.0, f32::NAN, 2.0]));
    assert_eq!(broken, "stem, row 1 (counted from 0): expected a finite number, found NaN");
    let names = ["a", "b"].map(str::to_owned);
    let unknown = error(table().with_categories_of("site", &["a", "b", "z"], &names));
    assert_eq!(unknown, "site, row 2 (counted from 0): \"z\" is none of a, b");
}

#[test]
fn other_values_have_another_fingerprint() {
    let other = Rows::new(vec![0.0, 1.5], 2, vec![0]).unwrap();
    assert_ne!(Examples::<Flex>::fingerprint(&rows(1)), Examples::<Flex>::fingerprint(&other));
    let fingerprint = |table: &Table<Classes>| Examples::<Flex>::fingerprint(table);
    assert_eq!(fingerprint(&table()), fingerprint(&table()));
    assert_ne!(fingerprint(&table()), fingerprint(&table().select(&[0, 2, 1]).unwrap()));
}
