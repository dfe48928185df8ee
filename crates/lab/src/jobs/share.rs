//! Which of the jobs one process is to do.

use anyhow::{Context as _, Result, ensure};

/// Which of the jobs one process is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// All of them.
    All,
    /// One, by its index.
    One(usize),
    /// One of several parts that are estimated to take equally long.
    Part {
        /// Which one, counted from 1.
        part: usize,
        /// Of how many.
        of: usize,
    },
}

impl Share {
    /// Reads `I/N`.
    ///
    /// # Errors
    ///
    /// If that is not what `text` is, or not `1 <= I <= N`.
    pub fn parse(text: &str) -> Result<Self> {
        let numbers = text.split_once('/').and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        let (part, of) = numbers.with_context(|| format!("{text}: expected I/N, for example 1/4"))?;
        ensure!((1..=of).contains(&part), "{text}: expected a part from 1 to {of}");
        Ok(Self::Part { part, of })
    }

    /// The indices of its jobs, in ascending order, where each job is estimated to take so many seconds. The parts share
    /// all jobs, and none twice.
    pub fn indices(self, seconds: &[f64]) -> Vec<usize> {
        let all = 0..seconds.len();
        match self {
            Self::All => all.collect(),
            Self::One(one) => all.filter(|&index| index == one).collect(),
            Self::Part { part, of } => {
                let parts = parts(seconds, of);
                all.filter(|&index| parts[index] == part - 1).collect()
            }
        }
    }
}

/// Seconds that each of `of` parts of the jobs takes, the longest part first.
pub fn loads(seconds: &[f64], of: usize) -> Vec<f64> {
    let mut loads = vec![0.0; of];
    for (part, seconds) in parts(seconds, of).into_iter().zip(seconds) {
        loads[part] += seconds;
    }
    loads.sort_by(|one, other| other.total_cmp(one));
    loads
}

/// The part of each job: the longest first, each to the part with the least to do. No part takes longer than 4/3 of the
/// best division (Graham 1969).
fn parts(seconds: &[f64], of: usize) -> Vec<usize> {
    let mut longest_first: Vec<usize> = (0..seconds.len()).collect();
    longest_first.sort_by(|&one, &other| seconds[other].total_cmp(&seconds[one]).then(one.cmp(&other)));
    let (mut loads, mut parts) = (vec![0.0_f64; of.min(seconds.len()).max(1)], vec![0; seconds.len()]);
    for job in longest_first {
        let least = (0..loads.len()).min_by(|&one, &other| loads[one].total_cmp(&loads[other])).unwrap_or_default();
        parts[job] = least;
        loads[least] += seconds[job];
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_share_all_jobs_and_none_twice() {
        let jobs = [5.0, 1.0, 1.0, 9.0, 1.0, 2.0, 3.0];
        for of in [1, 3, 7, 20] {
            let shares = (1..=of).map(|part| Share::parse(&format!("{part}/{of}")).unwrap());
            let mut all: Vec<usize> = shares.flat_map(|share| share.indices(&jobs)).collect();
            all.sort_unstable();
            assert_eq!(all, (0..jobs.len()).collect::<Vec<usize>>(), "{of}");
        }
        for text in ["", "1", "0/3", "4/3", "a/b", "1/0"] {
            assert!(Share::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn parts_take_equally_long() {
        let seconds = [8.0, 7.0, 6.0, 5.0, 4.0];
        let parts = parts(&seconds, 2);
        let load = |part: usize| -> f64 { (0..5).filter(|&job| parts[job] == part).map(|job| seconds[job]).sum() };
        assert_eq!((load(0), load(1)), (17.0, 13.0));
    }

    #[test]
    fn a_thousand_jobs_are_divided_at_once() {
        let jobs: Vec<f64> = (0..1000).map(|index| f64::from(index % 17)).collect();
        let started = std::time::Instant::now();
        assert!(!Share::Part { part: 64, of: 64 }.indices(&jobs).is_empty());
        assert!(started.elapsed().as_secs_f64() < 1.0);
    }
}
