"use strict";

// The page is usable before its largest part, the tensors, has arrived: `begin` runs after the first documents, and
// `finishPage` after the last one.

let inspection = null;

function begin() {
  document.getElementById("no-script").remove();
  showTheme();
  const report = readDocument("report");
  const count = readDocument("count");
  if (report && count) {
    const choice = new Choice(new Networks(report, count));
    showControls(choice);
    showNumbers(choice);
    showNetwork(choice, (tensor) => (inspection ? inspection.tensors[tensor] : null));
    showPolicies(choice);
    if (choice.task !== null) {
      showCurve(choice);
      showAssignment(choice);
    }
  }
  document.documentElement.dataset.state = "ready";
  performance.mark("tessera-ready");
}

function finishPage() {
  inspection = readDocument("inspect");
  showTensors(inspection);
  showDifference(readDocument("diff"));
  document.documentElement.dataset.state = "complete";
  performance.mark("tessera-complete");
}

begin();
