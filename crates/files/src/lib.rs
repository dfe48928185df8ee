//! Files that are replaced atomically, and read within limits.
#![forbid(unsafe_code)]

pub mod tensor_file;
mod whole;

pub use whole::{
    is_unfinished, read_at_most, read_text_at_most, regular, remove_unfinished, write_atomically, write_where_named,
};
