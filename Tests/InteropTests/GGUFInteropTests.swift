import StrictJSON
import TestSupport
import Testing

/// GGUF files, judged by the package gguf.
@Suite(.enabled(if: Peers.areThere(python: true)))
struct GGUFInteropTests {
  @Test func everyFileIsReadByGGUFAndTheSameFileComesBack() throws {
    let workshop = try Workshop()
    try workshop.script("gguf_case.py", ["make"])
    let listed = try workshop.tessera("inspect", "model.gguf", "--json", "--digests")
    _ = try workshop.folder.write(listed.output, as: "report.json")
    #expect(
      try workshop.report("gguf_case.py", ["tensors", "model.gguf", "report.json"])["tensors"]
        == JSONValue(14))
    try workshop.tessera("validate", "--deep", "model.gguf")
    for plan in [[], ["--plan", "plan.json"], ["--plan", "plan.json", "--compress"]] {
      try workshop.run(Peers.tessera, ["convert", "model.gguf", "model.h5"] + plan)
      try workshop.run(Peers.tessera, ["validate", "--deep", "model.h5"])
      try workshop.tessera("diff", "model.gguf", "model.h5")
      try workshop.tessera("convert", "model.h5", "back.gguf")
      #expect(try workshop.areEqual("model.gguf", "back.gguf"))
    }
    try workshop.tessera("extract", "model.h5", "small.gguf", "--task", "all", "--level", "1")
    #expect(try workshop.report("gguf_case.py", ["network", "small.gguf"])["tensors"] == JSONValue(14))
    #expect(try workshop.report("gguf_case.py", ["python", "model.h5"])["tensors"] == JSONValue(14))
  }

  @Test func valuesAreThoseOfGGUFBitForBit() throws {
    let workshop = try Workshop()
    try workshop.script("gguf_case.py", ["make"])
    try workshop.tessera("convert", "values.gguf", "values.safetensors", "--dequantise")
    #expect(
      try workshop.report("gguf_case.py", ["values", "values.safetensors"])["tensors"] == JSONValue(13))
    let refused = try Subprocess.run(
      Peers.tessera, ["convert", "model.gguf", "out.safetensors", "--dequantise"],
      directory: workshop.folder.path)
    #expect(refused.ending == .exited(2))
    #expect(
      refused.errorText
        == "tessera: model.gguf: --dequantise: tensor 'blk.1.iq.weight': expected a dtype whose values are read, "
        + "found IQ2_XXS\n")
  }

  @Test func aNewFileHasTheTensorsOfTheOther() throws {
    let workshop = try Workshop()
    let weights = "\(SourceFolder.root)/samples/fashion/weights.safetensors"
    try workshop.tessera("convert", weights, "w.gguf")
    #expect(try workshop.report("gguf_case.py", ["flat", "w.gguf", weights])["tensors"] == JSONValue(542))
    try workshop.tessera("convert", "w.gguf", "back.safetensors")
    try workshop.tessera("diff", weights, "back.safetensors")
  }
}
