let loading = null;

/** ECharts. It is a script of the old kind, and leaves itself in a global. */
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

/** Once the page is drawn for the first time: then it waits for numbers, and not the first chart for this. */
export const expectCharts = () => requestAnimationFrame(() => setTimeout(() => loadEcharts().catch(() => {})));
