//! Whose a request is.
//!
//! In: the header `X-Scope-OrgID`. Out: the tenant. While tenancy is off there is one, and the header is ignored and counted.

use std::sync::atomic::Ordering;

use http::HeaderMap;
use model::TenantId;

use crate::shared::Shared;

/// The header that names the tenant.
pub const HEADER: &str = "x-scope-orgid";

/// The tenant of a sender's request.
///
/// # Errors
/// A sentence for the sender: the name is missing, not allowed, or one too many.
pub fn of_sender(shared: &Shared, headers: &HeaderMap) -> Result<TenantId, String> {
    let tenant = named(shared, headers)?;
    if shared.config.tenancy.enabled && !shared.admits(&tenant) {
        return Err(format!(
            "tenant `{tenant}` would be one more than the {} that `tenancy.tenants_max` allows",
            shared.config.tenancy.tenants_max
        ));
    }
    Ok(tenant)
}

/// The tenant whose data a reader asks for.
///
/// # Errors
/// A sentence for the reader: the name is missing or not allowed.
pub fn named(shared: &Shared, headers: &HeaderMap) -> Result<TenantId, String> {
    let header = headers.get(HEADER);
    if !shared.config.tenancy.enabled {
        if header.is_some() {
            shared.monitor.tenant_headers_ignored.fetch_add(1, Ordering::Relaxed);
        }
        return Ok(TenantId::single());
    }
    let text =
        header.ok_or("the header X-Scope-OrgID must name the tenant, because `tenancy.enabled` is on")?;
    text.to_str().map_err(|_| "the header X-Scope-OrgID is no ASCII text".to_owned())?.parse()
}
