export * from "./attributes.ts";
export * from "./migrations.ts";
export * from "./retention.ts";
export * from "./tables.ts";
