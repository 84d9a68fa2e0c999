//! Pages of members, which both doors show.

use super::App;
use crate::db::{Page, Read};
use crate::error::Result;
use crate::organizations::{self, Member, MemberFilter, MemberOrder};

impl App {
    /// A page of memberships and how many there are, looked for in the lane that its cost calls for.
    pub(crate) async fn members(
        &self,
        filter: MemberFilter,
        (order, descending): (MemberOrder, bool),
        page: Page,
    ) -> Result<(Vec<Member>, i64)> {
        let (now, is_search) = (self.now(), filter.is_search(order));
        let find = move |tx: &mut Read<'_>| {
            let total = organizations::count_members(tx, &filter, now)?;
            let found = organizations::members(tx, &filter, (order, descending), page, now)?;
            Ok((found, total))
        };
        self.db.find(is_search, find).await
    }
}
