//! The derive macro `DropoutLayers` of the crate `burn-mlp`, which re-exports it.
#![forbid(unsafe_code)]

use proc_macro::TokenStream;
use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Error, Field, Fields, Index, parse_macro_input, parse_quote};

/// Implements `burn_mlp::DropoutLayers` by asking each field in turn.
///
/// Every field must implement the trait: Burn's layers without dropout do, and so do numbers, strings and containers.
/// Mark a field that has no dropout layers, and whose type does not implement the trait, with `#[dropout(skip)]`.
///
/// As for Burn's `#[derive(Module)]`, the backend must be the type parameter `B`. A type without it holds no tensors.
#[proc_macro_derive(DropoutLayers, attributes(dropout))]
pub fn dropout_layers(input: TokenStream) -> TokenStream {
    expand(parse_macro_input!(input as DeriveInput)).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(input: DeriveInput) -> Result<Tokens, Error> {
    let (shared, mutable) = (body(&input.data, false)?, body(&input.data, true)?);
    let name = &input.ident;
    let (_, types, _) = input.generics.split_for_impl();
    let mut generics = input.generics.clone();
    if !generics.type_params().any(|parameter| parameter.ident == "B") {
        generics.params.push(parse_quote!(B: ::burn::tensor::backend::Backend));
    }
    let (parameters, _, bounds) = generics.split_for_impl();
    Ok(quote! {
        impl #parameters ::burn_mlp::DropoutLayers<B> for #name #types #bounds {
            fn visit_dropout(
                &self,
                path: ::burn_mlp::ModulePath<'_>,
                visit: &mut dyn FnMut(::burn_mlp::ModulePath<'_>, &::burn_mlp::Dropout<B>),
            ) {
                #shared
                let _ = (path, visit);
            }

            fn visit_dropout_mut(
                &mut self,
                path: ::burn_mlp::ModulePath<'_>,
                visit: &mut dyn FnMut(::burn_mlp::ModulePath<'_>, &mut ::burn_mlp::Dropout<B>),
            ) {
                #mutable
                let _ = (path, visit);
            }
        }
    })
}

/// The calls for all fields, from inside a method with the arguments `path` and `visit`.
fn body(data: &Data, mutable: bool) -> Result<Tokens, Error> {
    match data {
        Data::Struct(data) => {
            let borrow = if mutable { quote!(&mut) } else { quote!(&) };
            let calls = kept(&data.fields)?.into_iter().map(|(index, field)| {
                let (place, name) = match &field.ident {
                    Some(name) => (quote!(self.#name), name.to_string()),
                    None => {
                        let index = Index::from(index);
                        (quote!(self.#index), index.index.to_string())
                    }
                };
                call(mutable, &quote!(#borrow #place), &name)
            });
            Ok(quote!(#(#calls)*))
        }
        Data::Enum(data) => {
            let arms = data.variants.iter().map(|variant| {
                let kept = kept(&variant.fields)?;
                let variant_name = &variant.ident;
                let (mut patterns, mut calls) = (Vec::new(), Vec::new());
                for (index, field) in kept {
                    let binding = format_ident!("field_{index}");
                    let member = field.ident.as_ref().map_or_else(
                        || {
                            let index = Index::from(index);
                            quote!(#index)
                        },
                        |name| quote!(#name),
                    );
                    patterns.push(quote!(#member: #binding));
                    // Burn's derive names the parameters of an enum's variant after the variant.
                    calls.push(call(mutable, &quote!(#binding), &variant_name.to_string()));
                }
                Ok(quote!(Self::#variant_name { #(#patterns,)* .. } => { #(#calls)* }))
            });
            let arms = arms.collect::<Result<Vec<_>, Error>>()?;
            Ok(if arms.is_empty() { Tokens::new() } else { quote!(match self { #(#arms)* }) })
        }
        Data::Union(data) => Err(Error::new(data.union_token.span, "expected a struct or an enum, found a union")),
    }
}

fn call(mutable: bool, value: &Tokens, name: &str) -> Tokens {
    let method = if mutable { quote!(visit_dropout_mut) } else { quote!(visit_dropout) };
    quote!(::burn_mlp::DropoutLayers::<B>::#method(#value, path.field(&#name), visit);)
}

/// The fields that are not skipped, with their positions.
fn kept(fields: &Fields) -> Result<Vec<(usize, &Field)>, Error> {
    let mut kept = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        if !is_skipped(field)? {
            kept.push((index, field));
        }
    }
    Ok(kept)
}

fn is_skipped(field: &Field) -> Result<bool, Error> {
    let mut skipped = false;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("dropout")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("skip") {
                skipped = true;
                Ok(())
            } else {
                Err(meta.error("expected `skip`"))
            }
        })?;
    }
    Ok(skipped)
}
