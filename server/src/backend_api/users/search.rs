//! Reads filters and pages of user lists from a query (spec path `/users`, parameters of `get`).

use crate::clock::Time;
use crate::error::Result;
use crate::users::{Filter, IdentifierKind, OrderBy, Range, Selection};
use crate::wire::Params;

/// The most values of one filter (spec).
const VALUES_MAX: usize = 100;

pub(in crate::backend_api) fn filter(params: &mut Params) -> Result<Filter> {
    let mut filter = Filter {
        user_ids: params.texts("user_id", VALUES_MAX)?,
        external_ids: params.texts("external_id", VALUES_MAX)?,
        usernames: lowered(params.texts("username", VALUES_MAX)?),
        query: params.text("query")?,
        organization_ids: params.texts("organization_id", VALUES_MAX)?,
        username_query: params.text("username_query")?,
        name_query: params.text("name_query")?,
        banned: params.boolean("banned")?,
        ..Filter::default()
    };
    for (kind, exact, partial) in [
        (
            IdentifierKind::EmailAddress,
            "email_address",
            "email_address_query",
        ),
        (
            IdentifierKind::PhoneNumber,
            "phone_number",
            "phone_number_query",
        ),
    ] {
        let values = lowered(params.texts(exact, VALUES_MAX)?);
        if !values.is_empty() {
            filter.identifiers.push((kind, values));
        }
        let text = params.text(partial)?;
        filter
            .identifier_queries
            .extend(text.map(|text| (kind, text)));
    }
    for (name, column, after) in [
        ("created_at_before", "created_at", false),
        ("created_at_after", "created_at", true),
        ("last_active_at_before", "last_active_at", false),
        ("last_active_at_after", "last_active_at", true),
        ("last_active_at_since", "last_active_at", true),
        ("last_sign_in_at_before", "last_sign_in_at", false),
        ("last_sign_in_at_after", "last_sign_in_at", true),
    ] {
        let at = params.integer(name)?.map(Time);
        filter
            .ranges
            .extend(at.map(|at| Range { column, after, at }));
    }
    for name in ["web3_wallet", "provider_user_id"] {
        let values = params.texts(name, VALUES_MAX)?;
        filter.nobody |= values.iter().any(|value| !value.starts_with('-'));
    }
    // Nobody came by way of a provider.
    filter.nobody |= params.text("provider")?.is_some();
    Ok(filter)
}

pub(super) fn selection(params: &mut Params) -> Result<Selection> {
    let page = params.page()?;
    let order_by = match params.text("order_by")? {
        Some(text) => OrderBy::parse(&text)?,
        None => OrderBy::NEWEST,
    };
    Ok(Selection {
        page,
        order_by,
        starting_after: params.text("starting_after")?.map(Into::into),
    })
}

fn lowered(values: Vec<String>) -> Vec<String> {
    values
        .into_iter()
        .map(|value| value.trim().to_ascii_lowercase())
        .collect()
}
