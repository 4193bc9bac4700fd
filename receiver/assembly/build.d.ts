/** Compile the module. */
export declare function buildSuspects(): Promise<Uint8Array>;
/** The TypeScript module that carries the binary. */
export declare function moduleText(binary: Uint8Array): string;
//# sourceMappingURL=build.d.ts.map
