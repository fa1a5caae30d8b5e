import Testing

@testable import ChannelFlow

/// The owners of positions, during planning and during the check of a plan.
@Suite("Channel labels")
struct ChannelLabelsTests {
  @Test("joined atoms are one for good, whatever the order")
  func join() throws {
    let labels = ChannelLabels()
    let atoms = (0..<6).map { _ in labels.atom() }
    _ = labels.join(atoms[4], atoms[1])
    _ = labels.join(atoms[5], atoms[4])
    _ = labels.join(atoms[2], atoms[3])
    #expect(Set([1, 4, 5].map { labels.find(atoms[$0]) }) == [atoms[1]])
    #expect(labels.find(atoms[3]) == atoms[2])
    _ = labels.join(atoms[5], atoms[3])
    #expect(Set([1, 2, 3, 4, 5].map { labels.find(atoms[$0]) }).count == 1)
    #expect(labels.find(atoms[0]) == atoms[0])
  }

  @Test("an atom that no weighted sum takes in is whole, and says why")
  func settle() {
    let labels = ChannelLabels()
    let (taken, forgotten, fixed) = (labels.atom(), labels.atom(), labels.atom())
    labels.end(taken)
    labels.end(fixed)
    labels.fix(fixed, "it is an output")
    labels.settle()
    #expect(labels.find(taken) == taken)
    #expect(labels.find(forgotten) == 0 && labels.reason(forgotten) == "no weighted sum consumes it")
    #expect(labels.find(fixed) == 0 && labels.reason(fixed) == "it is an output")
  }

  @Test("what is joined with a whole atom is whole, also when the join came first")
  func whole() {
    for joinsFirst in [true, false] {
      let labels = ChannelLabels()
      let (a, b) = (labels.atom(), labels.atom())
      if joinsFirst { _ = labels.join(a, b) }
      labels.fix(a, "a reason")
      if !joinsFirst {
        // A whole position takes the other's label; the rule must stop the other.
        #expect(labels.join(a, b) == b)
        continue
      }
      #expect(labels.find(b) == 0 && labels.reason(b) == "a reason")
    }
  }

  @Test("channels behind padding are whole exactly where those before it are")
  func images() {
    for fixesImage in [true, false] {
      let labels = ChannelLabels()
      let source = labels.atom()
      let image = labels.image(source)
      let further = labels.image(image)
      labels.end(further)
      labels.fix(fixesImage ? further : source, "it is an output")
      labels.settle()
      #expect([source, image, further].map(labels.find) == [0, 0, 0])
    }
    let labels = ChannelLabels()
    let source = labels.atom()
    let image = labels.image(source)
    labels.end(image)
    labels.settle()
    #expect(labels.find(source) == source && labels.find(image) == image)
  }

  @Test("a plan keeps units apart, and lets padding be any")
  func checking() throws {
    let labels = ChannelLabels { $0.unit == 0 }
    let (first, second) = (
      labels.label(of: .init(unit: 0, axis: "a")), labels.label(of: .init(unit: 1, axis: "a"))
    )
    let other = labels.label(of: .init(unit: 0, axis: "b"))
    #expect(labels.join(first, second) == nil)
    #expect(labels.join(first, other) == nil)
    #expect(labels.join(first, 0) == first)
    #expect(labels.join(labels.padding(), second) == second)
    #expect(labels.join(labels.image(first), other) == other)
    #expect(labels.join(labels.image(first), second) == nil)
    #expect([first, second, labels.padding(), 0].map(labels.isKept) == [true, false, true, true])
  }

  @Test("a label is counted once for each group of lists")
  func counts() {
    let labels = ChannelLabels()
    let (a, b, c) = (labels.atom(), labels.atom(), labels.atom())
    _ = labels.join(a, b)
    labels.fix(c, "whole")
    labels.clearCounts()
    labels.count([[a, b, a], [b]], by: 1)
    labels.count([[b], [c]], by: 1)
    #expect(labels.count(a) == 2 && labels.count(b) == 2 && labels.count(c) == 0)
    labels.clearCounts()
    #expect(labels.count(a) == 0)
  }
}
