let loading = null;

/** ECharts, fetched when the first chart is drawn. It is a script of the old kind, and leaves itself in a global. */
export function loadEcharts() {
  loading ??= import("echarts").then(
    () => globalThis.echarts,
    (error) => {
      loading = null;
      throw error;
    },
  );
  return loading;
}
