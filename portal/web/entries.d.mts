export declare const ENTRIES: Record<string, number>
