export interface Bar {
  readonly name: string;
  readonly microseconds: number;
  readonly own?: boolean;
  readonly note?: string;
}
export interface ChartRecord {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly Bar[];
  readonly native: readonly Bar[];
}
export function chart(record: ChartRecord): string;
export function record(): ChartRecord;
