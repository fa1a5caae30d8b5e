import Testing
import UnitModel

@testable import Planning

@Suite("Options that describe cuts")
struct OptionTests {
  @Test("dimensions are read as the table of --cut says")
  func cuts() throws {
    let cases: [(String, String, [DimensionPlacement])] = [
      ("layer{}.up.weight=ffn{},-", "layer{}.up.weight", [.axis(AxisUse("ffn{}")), .whole]),
      ("fc.weight = - , conv*49", "fc.weight ", [.whole, .axis(AxisUse("conv", inner: 49))]),
      ("lstm.*=4*lstm,-", "lstm.*", [.axis(AxisUse("lstm", outer: 4)), .whole]),
      ("qkv=3*h{}*64", "qkv", [.axis(AxisUse("h{}", inner: 64, outer: 3))]),
      (
        "a=b=x+16+2*y*3", "a=b",
        [.concat([.axis(AxisUse("x")), .uncut(size: 16), .axis(AxisUse("y", inner: 3, outer: 2))])]
      ),
      ("head.*=-,last*4:compact", "head.*", [.whole, .compact(AxisUse("last", inner: 4))]),
      ("bn1.*=", "bn1.*", []), ("bn1.* = ", "bn1.* ", []),
    ]
    for (text, pattern, dimensions) in cases {
      let option = try CutOption(parsing: text)
      #expect(option.text == text)
      #expect(option.pattern.text == pattern)
      #expect(option.dimensions == dimensions, "\(text)")
    }
  }

  @Test("what --cut cannot mean is refused")
  func badCuts() {
    let texts = [
      "layer.weight", "=a", "w=a,", "w=0*a", "w=a*0", "w=a*b", "w=1*2*a", "w=a*2*3*4", "w=5", "w=a++b",
      "w=a+-",
      "w=a+0", String(repeating: "{}", count: 17) + "=a",
    ]
    for text in texts {
      let error = #expect(throws: PlanningError.self, "\(text)") { try CutOption(parsing: text) }
      #expect(error?.description.hasPrefix("--cut '\(text)': expected ") == true)
    }
    #expect(
      #expect(throws: PlanningError.self) { try CutOption(parsing: "w=a*b") }?.description
        == "--cut 'w=a*b': expected '-', an axis, or an axis between two factors such as 3*axis*64, found 'a*b'"
    )
  }

  @Test("axes are read as the table of --axis says")
  func axes() throws {
    let heads = try AxisOption(parsing: "heads{}:granule=32")
    #expect(heads.planAxis == PlanAxis(name: try #require(NamePattern("heads{}")), granule: 32))
    let sizes = try AxisOption(parsing: "a: size=12, units=5+7").planAxis
    #expect(sizes.size == 12 && sizes.cut == .sizes([5, 7]))
    let lists = try AxisOption(parsing: "a:units=8+0-3/4-7/,common=9-11").planAxis
    #expect(
      lists.cut
        == .channels([
          try #require(ChannelRanges(ascending: [0..<4, 8..<9])), ChannelRanges(4..<8), ChannelRanges(),
        ]))
    #expect(lists.common == ChannelRanges(9..<12))
  }

  @Test("what --axis and --levels cannot mean is refused")
  func badAxesAndLevels() throws {
    let texts = [
      "a", "a:", "a:size", "a:size=0", "a:size=x", "a:size=1,size=2", "a:granul=2", "a*:size=2", ":size=2",
      "a:units=1+x", "a:units=0-3/3-4+3", "a:common=5-2", "a:common=", "a:size=99999999999999",
    ]
    for text in texts {
      #expect(throws: PlanningError.self, "\(text)") { try AxisOption(parsing: text) }
    }
    #expect(
      try LevelsOption(parsing: "1, 2,[0,3] ,4").levels
        == [.count(1), .count(2), .units([UnitID(0), UnitID(3)]), .count(4)])
    let named = try LevelsOption(parsing: "small=1, large=[0,3]")
    #expect(
      named.levels == [.count(1), .units([UnitID(0), UnitID(3)])] && named.names == ["small", "large"])
    for text in [
      "small=1,2", "2=1", "a=1,a=2", "=1", "a=", "", "1,", "x", "[0", "[x]", "1[0]", "-1", "[]", "1;2",
      "1,[0,0]", "[1,0,1]",
    ] {
      #expect(throws: PlanningError.self, "\(text)") { try LevelsOption(parsing: text) }
    }
  }
}
