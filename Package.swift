// swift-tools-version: 6.1
import PackageDescription

// The targets are those of ARCHITECTURE.md: bytes → tensors → units → checkpoint → counts, findings, reports.
// SwiftPM does not refuse an undeclared transitive import, so Tests/ArchitectureTests compares the same graph with
// the code.

let strict: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

// Compiling the tests' own code with optimisation takes minutes and saves seconds; what they test is optimised.
let tests: [SwiftSetting] = strict + [.unsafeFlags(["-Onone"])]

let package = Package(
  name: "tessera",
  products: [
    .executable(name: "tessera", targets: ["TesseraTool"]),
    .library(name: "Tessera", targets: ["Tessera"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // System libraries: only a module map and a shim of one-line inline functions.
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CLinux"),
    .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
    // Kernels over vectors, compiled for several kinds of processors.
    .target(name: "CKernels"),

    .target(name: "ByteFiles", dependencies: ["CLinux"], swiftSettings: strict),
    .target(name: "StrictJSON", swiftSettings: strict),
    .target(name: "Tensors", dependencies: ["CCrypto", "CXXHash"], swiftSettings: strict),
    .target(name: "TensorStreams", dependencies: ["Tensors"], swiftSettings: strict),
    .target(name: "Deflate", dependencies: ["CZlib"], swiftSettings: strict),
    .target(name: "Zip", dependencies: ["Deflate", "Tensors", "ByteFiles"], swiftSettings: strict),
    .target(name: "HDF5Kit", dependencies: ["CHDF5", "Deflate", "ByteFiles"], swiftSettings: strict),
    .target(name: "Pickle", swiftSettings: strict),
    .target(name: "ONNXGraph", dependencies: ["Tensors", "ByteFiles"], swiftSettings: strict),
    .target(
      name: "FlatFormats",
      dependencies: [
        "Tensors", "TensorStreams", "StrictJSON", "Zip", "ByteFiles", "HDF5Kit", "Pickle", "ONNXGraph",
      ],
      swiftSettings: strict),
    .target(
      name: "Inference", dependencies: ["ONNXGraph", "Tensors", "TensorStreams", "ByteFiles", "CKernels"],
      swiftSettings: strict),
    .target(name: "UnitModel", dependencies: ["Tensors", "StrictJSON"], swiftSettings: strict),
    .target(
      name: "ChannelFlow", dependencies: ["ONNXGraph", "Inference", "UnitModel", "Tensors", "TensorStreams"],
      swiftSettings: strict),
    .target(
      name: "UnitCheckpoints",
      dependencies: [
        "HDF5Kit", "Deflate", "UnitModel", "Tensors", "TensorStreams", "StrictJSON", "ByteFiles",
      ],
      swiftSettings: strict),
    .target(
      name: "Planning",
      dependencies: [
        "UnitModel", "Tensors", "TensorStreams", "StrictJSON", "ONNXGraph", "Inference", "ChannelFlow",
        "ByteFiles",
      ],
      resources: [.embedInCode("Architectures")], swiftSettings: strict),
    .target(
      name: "Accounting", dependencies: ["UnitModel", "Tensors", "TensorStreams", "StrictJSON", "ByteFiles"],
      resources: [.embedInCode("Policies")], swiftSettings: strict),
    .target(
      name: "Studies", dependencies: ["Accounting", "UnitModel", "Tensors", "StrictJSON"],
      swiftSettings: strict),
    .target(
      name: "Conversion",
      dependencies: ["UnitModel", "UnitCheckpoints", "Tensors", "TensorStreams", "FlatFormats", "ByteFiles"],
      swiftSettings: strict),
    .target(
      name: "SubNetworks",
      dependencies: [
        "Tensors", "TensorStreams", "ONNXGraph", "Inference", "ChannelFlow", "UnitModel", "UnitCheckpoints",
      ],
      swiftSettings: strict),
    .target(
      name: "Assigning",
      dependencies: [
        "ByteFiles", "ChannelFlow", "Inference", "ONNXGraph", "Planning", "StrictJSON", "SubNetworks",
        "TensorStreams", "Tensors", "UnitModel",
      ], swiftSettings: strict),
    .target(name: "Comparison", dependencies: ["Tensors", "TensorStreams"], swiftSettings: strict),
    .target(
      name: "Validation",
      dependencies: [
        "UnitModel", "UnitCheckpoints", "Planning", "FlatFormats", "Zip", "ONNXGraph", "HDF5Kit", "Tensors",
        "TensorStreams", "StrictJSON", "ByteFiles",
      ],
      swiftSettings: strict),
    .target(
      name: "Reporting",
      dependencies: [
        "Tensors", "StrictJSON", "UnitModel", "Accounting", "Validation", "Comparison", "Studies",
      ],
      resources: [.embedInCode("Page")], swiftSettings: strict),
    .target(
      name: "Tessera",
      dependencies: [
        "ByteFiles", "StrictJSON", "Tensors", "TensorStreams", "HDF5Kit", "FlatFormats", "UnitModel",
        "UnitCheckpoints", "Planning", "Accounting", "Conversion", "Comparison", "Validation", "ONNXGraph",
        "Inference", "ChannelFlow", "SubNetworks", "Assigning",
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "TesseraTool",
      dependencies: [
        "CLinux", "ByteFiles", "StrictJSON", "Tensors", "TensorStreams", "FlatFormats",
        "UnitModel", "UnitCheckpoints", "Planning", "Accounting", "Comparison", "Validation", "Reporting",
        "ONNXGraph", "Inference", "ChannelFlow", "SubNetworks", "Assigning", "Studies", "Tessera",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),

    .target(
      name: "TestSupport",
      dependencies: [
        "Tensors", "TensorStreams", "StrictJSON", "HDF5Kit", "UnitModel", "UnitCheckpoints", "FlatFormats",
        "ONNXGraph",
      ],
      path: "Tests/TestSupport", swiftSettings: strict),
    .testTarget(name: "ByteFilesTests", dependencies: ["ByteFiles", "TestSupport"], swiftSettings: tests),
    .testTarget(
      name: "StrictJSONTests", dependencies: ["StrictJSON", "TestSupport"], swiftSettings: tests),
    .testTarget(name: "PickleTests", dependencies: ["Pickle", "TestSupport"], swiftSettings: tests),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "TestSupport"], swiftSettings: tests),
    .testTarget(name: "DeflateTests", dependencies: ["Deflate", "TestSupport"], swiftSettings: tests),
    .testTarget(
      name: "HDF5KitTests", dependencies: ["HDF5Kit", "Deflate", "CHDF5", "ByteFiles", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "FlatFormatsTests",
      dependencies: [
        "FlatFormats", "Zip", "ONNXGraph", "TensorStreams", "Tensors", "ByteFiles", "Pickle", "Validation",
        "TestSupport",
      ],
      swiftSettings: tests),
    .testTarget(
      name: "ONNXGraphTests", dependencies: ["ONNXGraph", "Tensors", "ByteFiles", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "InferenceTests", dependencies: ["Inference", "ONNXGraph", "ByteFiles", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "UnitModelTests", dependencies: ["UnitModel", "TestSupport"], swiftSettings: tests),
    .testTarget(
      name: "UnitCheckpointsTests",
      dependencies: [
        "UnitCheckpoints", "Conversion", "FlatFormats", "HDF5Kit", "Deflate", "UnitModel", "TensorStreams",
        "Tensors", "ByteFiles", "ONNXGraph", "Validation", "TestSupport",
      ],
      swiftSettings: tests),
    .testTarget(
      name: "ValidationTests",
      dependencies: [
        "Validation", "Planning", "UnitCheckpoints", "FlatFormats", "Tensors", "ByteFiles", "TestSupport",
      ],
      swiftSettings: tests),
    .testTarget(
      name: "AccountingTests", dependencies: ["Accounting", "UnitModel", "StrictJSON", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "StudiesTests", dependencies: ["Studies", "UnitModel", "TestSupport"], swiftSettings: tests),
    .testTarget(name: "PlanningTests", dependencies: ["Planning", "TestSupport"], swiftSettings: tests),
    .testTarget(
      name: "ConversionTests",
      dependencies: [
        "Conversion", "FlatFormats", "UnitCheckpoints", "UnitModel", "TensorStreams", "Tensors", "StrictJSON",
        "ByteFiles", "TestSupport",
      ],
      swiftSettings: tests),
    .testTarget(
      name: "ComparisonTests", dependencies: ["Comparison", "TensorStreams", "Tensors", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "ReportingTests",
      dependencies: [
        "Reporting", "Accounting", "Comparison", "Studies", "UnitModel", "Validation", "StrictJSON",
        "TensorStreams", "Tensors", "TestSupport",
      ],
      swiftSettings: tests),
    .testTarget(
      name: "TensorStreamsTests", dependencies: ["TensorStreams", "TestSupport"], swiftSettings: tests),
    .testTarget(
      name: "TesseraTests",
      dependencies: [
        "Tessera", "Assigning", "FlatFormats", "Inference", "ONNXGraph", "Planning", "SubNetworks",
        "TensorStreams",
        "Tensors", "UnitModel", "TestSupport",
      ], swiftSettings: tests),
    .testTarget(
      name: "ChannelFlowTests", dependencies: ["ChannelFlow", "Inference", "ONNXGraph", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "SubNetworksTests", dependencies: ["SubNetworks", "TensorStreams", "UnitModel", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "CommandTests", dependencies: ["TestSupport", "StrictJSON", "ONNXGraph"], swiftSettings: tests),
    .testTarget(
      name: "InteropTests", dependencies: ["TestSupport", "StrictJSON", "Tensors"], swiftSettings: tests),
    .testTarget(
      name: "AssigningTests",
      dependencies: [
        "Assigning", "ByteFiles", "Inference", "ONNXGraph", "StrictJSON", "Tensors", "TensorStreams",
        "TestSupport",
        "UnitModel",
      ],
      swiftSettings: tests),
    .testTarget(name: "ArchitectureTests", dependencies: ["TestSupport"], swiftSettings: tests),
  ]
)

// Only `make docs` needs this plugin, which writes the reference.
if Context.environment["TESSERA_DOCS"] != nil {
  package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.5.0"))
}

// The parsers' exercises are a test target: `make test` replays the inputs that fuzzing found. `make fuzz` builds the
// same files as a static library that clang links with libFuzzer; SwiftPM itself cannot link an executable with it.
let exercised: [Target.Dependency] = [
  "CLinux", "ByteFiles", "StrictJSON", "Tensors", "TensorStreams", "HDF5Kit", "Pickle", "Zip", "FlatFormats",
  "UnitModel",
  "UnitCheckpoints", "Conversion", "Validation", "ONNXGraph", "Inference", "ChannelFlow", "Planning",
  "SubNetworks",
]
if Context.environment["TESSERA_FUZZ"] == nil {
  package.targets.append(
    .testTarget(
      name: "FuzzTests", dependencies: exercised + ["TestSupport"],
      exclude: ["Entry", "Dictionaries", "fuzz.sh"],
      swiftSettings: tests))
} else {
  package.products.append(.library(name: "TesseraFuzz", type: .static, targets: ["FuzzTargets"]))
  package.targets.append(
    .target(
      name: "FuzzTargets", dependencies: exercised, path: "Tests/FuzzTests",
      exclude: ["Dictionaries", "FuzzTests.swift", "fuzz.sh"],
      sources: ["Exercises", "Entry"],
      swiftSettings: strict))
}
