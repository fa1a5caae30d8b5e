// Draws the units that each task uses at each level, as SVG for light and dark pages.
//
// usage: Picture CHECKPOINT > units.svg

import Tessera

guard let path = CommandLine.arguments.dropFirst().first else { fatalError("usage: Picture CHECKPOINT") }
let checkpoint = try Checkpoint(path)
let (cell, gap, left, top) = (22, 4, 74, 54)
let columns = checkpoint.unitCount
let blockWidth = columns * (cell + gap) + 34
let levelCount = checkpoint.tasks.map(\.levels.count).max() ?? 0
let width = left + checkpoint.tasks.count * blockWidth
let height = top + levelCount * (cell + gap) + 16

func escaped(_ text: String) -> String {
  text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
}

var lines = [
  #"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \#(width) \#(height)" role="img">"#,
  "<title>The units of each task at each level</title>",
  "<style>",
  "  text { font: 13px sans-serif; fill: #333 } rect { fill: none; stroke: #aaa }",
  "  .used { fill: #2f7fd1; stroke: #2f7fd1 } .first { fill: #d1602f; stroke: #d1602f }",
  "  @media (prefers-color-scheme: dark) { text { fill: #ddd } rect { stroke: #666 }",
  "    .used { fill: #5aa2ec; stroke: #5aa2ec } .first { fill: #ec8a5a; stroke: #ec8a5a } }",
  "</style>",
]
for level in 0..<levelCount {
  let y = top + level * (cell + gap) + 16
  lines.append(#"<text x="12" y="\#(y)">level \#(level + 1)</text>"#)
}
for (number, task) in checkpoint.tasks.enumerated() {
  let x = left + number * blockWidth
  lines.append(#"<text x="\#(x)" y="22">\#(escaped(task.name))</text>"#)
  for unit in 0..<columns {
    lines.append(#"<text x="\#(x + unit * (cell + gap) + 7)" y="44">\#(unit)</text>"#)
  }
  for (level, units) in task.levels.enumerated() {
    // The unit that the level adds has another colour.
    let before = level == 0 ? [] : Set(task.levels[level - 1])
    for unit in 0..<columns {
      let kind = !units.contains(unit) ? "free" : before.contains(unit) ? "used" : "first"
      lines.append(
        #"<rect class="\#(kind)" x="\#(x + unit * (cell + gap))" y="\#(top + level * (cell + gap))" "#
          + #"width="\#(cell)" height="\#(cell)" rx="3"/>"#)
    }
  }
}
lines.append("</svg>")
print(lines.joined(separator: "\n"))
