//! A session for one question: tables, views and functions over one snapshot, then the plan.
//!
//! Only these names exist in it: no file, no address and no other tenant can be named.

use std::sync::Arc;

use datafusion::catalog::view::ViewTable;
use datafusion::common::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, col};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::parser::Statement;
use model::TenantId;
use model::schema::spans::{self, Column};
use model::schema::well_known::Level;
use model::schema::{DATE, TENANT};
use stdx::Kind;

use super::stream::{Counters, Planned};
use super::table::{Rows, SnapshotTable};
use super::{Limits, SqlError, Workspace, functions, put_back, traces};
use crate::engine::View;

/// Plans a statement and starts it.
pub(crate) async fn plan(
    view: View,
    tenant: &TenantId,
    statement: Statement,
    limits: &Limits,
) -> Result<Planned, SqlError> {
    let counters = Arc::new(Counters::default());
    let context = context(view, tenant, &counters, &limits.workspace).await?;
    let plan = context.state().statement_to_plan(statement).await?;
    let questions =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    questions.verify_plan(&plan).map_err(|error| {
        SqlError::new(Kind::InvalidInput, error.strip_backtrace(), "the tables are read-only")
    })?;
    let frame = context.execute_logical_plan(plan).await?;
    Ok(Planned { stream: frame.execute_stream().await?, counters })
}

async fn context(
    view: View,
    tenant: &TenantId,
    counters: &Arc<Counters>,
    workspace: &Workspace,
) -> Result<SessionContext, DataFusionError> {
    let mode = match &workspace.spill {
        Some(folder) => DiskManagerMode::Directories(vec![folder.clone()]),
        None => DiskManagerMode::Disabled,
    };
    let disk =
        DiskManagerBuilder::default().with_mode(mode).with_max_temp_directory_size(workspace.spill_bytes_max);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::clone(&workspace.pool))
        .with_disk_manager_builder(disk)
        .build_arc()?;
    let url = ObjectStoreUrl::parse("throughline://tables")?;
    runtime.register_object_store(url.as_ref(), Arc::clone(&view.objects));
    let mut config = SessionConfig::new().with_information_schema(true).with_collect_statistics(true);
    config.options_mut().execution.parquet.pushdown_filters = true;
    config.options_mut().execution.parquet.reorder_filters = true;
    let context = SessionContext::new_with_config_rt(config, runtime);
    functions::all().into_iter().for_each(|function| context.register_udf(function));
    context.register_udaf(traces::merge_services());
    for (name, rows) in
        [("spans_raw", Rows::Spans), ("trace_parts", Rows::TraceParts), ("ingest", Rows::Ingest)]
    {
        let (view, counters) = (view.clone(), Arc::clone(counters));
        let table = SnapshotTable::new(rows, view, tenant.clone(), url.clone(), counters);
        context.register_table(name, Arc::new(table))?;
    }
    let raw = context.table("spans_raw").await?.into_unoptimized_plan();
    let spans = LogicalPlanBuilder::from(raw).project(columns_of_spans())?.build()?;
    context.register_table("spans", Arc::new(ViewTable::new(spans, None)))?;
    let traces = context.state().create_logical_plan(traces::VIEW).await?;
    context.register_table("traces", Arc::new(ViewTable::new(traces, None)))?;
    Ok(context)
}

/// The columns of the view `spans`: those of the files with the attributes as sent.
fn columns_of_spans() -> Vec<Expr> {
    let mut columns = vec![col(TENANT), col(DATE)];
    columns.extend(spans::schema().fields().iter().map(|field| match field.name().as_str() {
        name if name == Column::Attributes.name() => put_back::expression(Level::Span),
        name if name == Column::ResourceAttributes.name() => put_back::expression(Level::Resource),
        name => col(name),
    }));
    columns
}
