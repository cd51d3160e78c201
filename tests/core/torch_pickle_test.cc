#include "core/checkpoint/torch_pickle.h"

#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tests/core/model_files.h"
#include "tests/core/torch_file.h"

namespace janus {
namespace {

using test::bytes_of;
using test::error_of;
using test::expect_error;
using test::torch_file;
using test::torch_parts;
using test::TorchTensor;
using test::ZipFile;
using test::ZipPart;
namespace pickle = test::pickle;

std::map<std::string, StoredTensor> read(const std::string& file, bool verify = false) {
  const auto owner = std::make_shared<const std::string>(file);
  return read_torch_pickle({std::as_bytes(std::span(*owner)), owner}, "m.bin", "dir/m.bin", verify);
}
std::map<std::string, StoredTensor> read(const std::vector<ZipPart>& parts, bool verify = false) {
  return read(ZipFile(parts).bytes(), verify);
}

template <typename File>
std::string error_for(const File& file, bool verify = false) {
  const std::string message = error_of([&] { read(file, verify); });
  // All faults name the file and what to do.
  if (!message.empty()) expect_error(message, {"dir/m.bin", "; "});
  return message;
}

std::vector<float> floats(const StoredTensor& tensor) {
  std::vector<float> values(tensor.data.bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor.data.bytes.data(), tensor.data.bytes.size());
  return values;
}

const std::string kSix = bytes_of<float>({1, 2, 3, 4, 5, 6});

// An archive of one pickle with one storage of six floats, "0".
std::vector<ZipPart> around(const std::string& value) {
  return torch_parts(pickle::whole(value), {{.name = "archive/data/0", .bytes = kSix}});
}
std::string tensor_of(const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides,
                      int64_t offset = 0) {
  return test::rebuilt_tensor(
      {.name = "", .type = "FloatStorage", .sizes = sizes, .strides = strides, .offset = offset}, "0", 6);
}
// The same under the name "t".
std::vector<ZipPart> one(const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides,
                         int64_t offset = 0) {
  return around(pickle::dictionary(pickle::text("t") + tensor_of(sizes, strides, offset)));
}

TEST(TorchPickle, ListsTensorsWithTypeShapeAndBytes) {
  const std::string file =
      torch_file({{.name = "b.weight", .type = "FloatStorage", .sizes = {2, 3}, .bytes = kSix},
                  {.name = "a.bias", .type = "BFloat16Storage", .sizes = {2}, .bytes = "abcd"},
                  {.name = "half", .type = "HalfStorage", .sizes = {}, .bytes = "xy"}});
  const auto owner = std::make_shared<const std::string>(file);
  const auto tensors = read_torch_pickle({std::as_bytes(std::span(*owner)), owner}, "m.bin", "dir/m.bin");
  ASSERT_EQ(tensors.size(), 3U);
  const StoredTensor& weight = tensors.at("b.weight");
  EXPECT_EQ(weight.type, "F32");
  EXPECT_EQ(weight.dtype, DType::f32);
  EXPECT_EQ(weight.shape, (Shape{2, 3}));
  EXPECT_EQ(weight.file, "m.bin");
  EXPECT_EQ(weight.unreadable, "");
  EXPECT_EQ(floats(weight), (std::vector<float>{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(tensors.at("a.bias").dtype, DType::bf16);
  EXPECT_EQ(tensors.at("half").dtype, DType::f16);
  EXPECT_EQ(tensors.at("half").shape.rank(), 0);
  // Mapped, not copied, and aligned as torch aligns.
  const auto* begin = reinterpret_cast<const char*>(weight.data.bytes.data());
  EXPECT_TRUE(owner->data() <= begin && begin < owner->data() + owner->size());
  EXPECT_EQ((begin - owner->data()) % 64, 0);
}

TEST(TorchPickle, ListsWhatNoModelReads) {
  const auto tensors = read(
      torch_file({{.name = "i64", .type = "LongStorage", .sizes = {2}, .bytes = std::string(16, 'x')},
                  {.name = "bool", .type = "BoolStorage", .sizes = {3}, .bytes = "xyz"},
                  {.name = "deep", .type = "FloatStorage", .sizes = {1, 1, 1, 1, 2}, .bytes = "12345678"},
                  {.name = "none", .type = "FloatStorage", .sizes = {0, 5}, .bytes = ""}}));
  EXPECT_EQ(tensors.at("i64").unreadable, "type I64");
  EXPECT_EQ(tensors.at("bool").unreadable, "type BOOL");
  EXPECT_EQ(tensors.at("deep").unreadable, "5 axes");
  EXPECT_EQ(tensors.at("deep").shape, (Shape{2}));
  EXPECT_EQ(tensors.at("none").shape, (Shape{0, 5}));
  EXPECT_TRUE(tensors.at("none").data.bytes.empty());
}

TEST(TorchPickle, ViewsAndSharedStorages) {
  const auto tensors = read(torch_file(
      {{.name = "whole", .type = "FloatStorage", .sizes = {2, 3}, .bytes = kSix},
       {.name = "same", .type = "FloatStorage", .sizes = {6}, .key = "0"},
       {.name = "row", .type = "FloatStorage", .sizes = {1, 3}, .strides = {77, 1}, .offset = 3, .key = "0"},
       {.name = "turned", .type = "FloatStorage", .sizes = {3, 2}, .strides = {1, 3}, .key = "0"},
       {.name = "column", .type = "FloatStorage", .sizes = {2}, .strides = {3}, .offset = 1, .key = "0"},
       {.name = "nothing",
        .type = "FloatStorage",
        .sizes = {3, 0},
        .strides = {1, 1},
        .offset = 6,
        .key = "0"}}));
  EXPECT_EQ(tensors.at("same").data.bytes.data(), tensors.at("whole").data.bytes.data());
  EXPECT_EQ(floats(tensors.at("row")), (std::vector<float>{4, 5, 6}));
  EXPECT_EQ(tensors.at("row").data.bytes.data(), tensors.at("whole").data.bytes.data() + 12);
  EXPECT_EQ(floats(tensors.at("turned")), (std::vector<float>{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(tensors.at("turned").shape, (Shape{3, 2}));
  EXPECT_EQ(floats(tensors.at("column")), (std::vector<float>{2, 5}));
  EXPECT_TRUE(floats(tensors.at("nothing")).empty());
}

TEST(TorchPickle, FindsTheStateDictWithinWhatTrainingProgramsSave) {
  const std::string state = pickle::dictionary(pickle::text("t") + tensor_of({6}, {1}));
  const std::string other = pickle::text("epoch") + pickle::number(3) + pickle::text("loss") + "G12345678" +
                            pickle::text("optimizer") + pickle::dictionary(pickle::text("lr") + "N");
  for (const char* wrapper : {"state_dict", "model", "module"}) {
    EXPECT_EQ(read(around(pickle::dictionary(other + pickle::text(wrapper) + state))).count("t"), 1U)
        << wrapper;
  }
  expect_error(error_for(around(pickle::dictionary(other))), {"tensor epoch", "expected a tensor"});
  expect_error(error_for(around(pickle::number(5))), {"expected a dictionary of tensors"});
  expect_error(error_for(around(pickle::dictionary(pickle::number(5) + tensor_of({6}, {1})))),
               {"names of tensors as keys"});
  expect_error(error_for(around(pickle::dictionary(pickle::text("a\nb") + tensor_of({6}, {1})))),
               {"names of tensors as keys", R"("a\nb")"});
  const std::string twice = pickle::text("t") + tensor_of({6}, {1});
  expect_error(error_for(around(pickle::dictionary(twice + twice))), {"found t twice"});
}

TEST(TorchPickle, ParametersAndOtherRebuilders) {
  const std::string data = tensor_of({2, 3}, {3, 1});
  const auto only = [&](const std::string& value) {
    return floats(read(around(pickle::dictionary(pickle::text("t") + value))).at("t"));
  };
  const std::vector<float> six{1, 2, 3, 4, 5, 6};
  const auto utils = [](const char* name) { return pickle::global("torch._utils", name); };
  EXPECT_EQ(only(pickle::call(utils("_rebuild_parameter"), data + "\x88" + pickle::ordered_dict())), six);
  EXPECT_EQ(only(pickle::call(utils("_rebuild_parameter_with_state"),
                              data + "\x88" + pickle::ordered_dict() + "}")),
            six);
  const std::string storage = pickle::storage("FloatStorage", "0", 6);
  EXPECT_EQ(only(pickle::call(utils("_rebuild_tensor"),
                              storage + pickle::number(0) + pickle::numbers({6}) + pickle::numbers({1}))),
            six);
  const std::string untyped =
      pickle::tuple(pickle::text("storage") + pickle::global("torch.storage", "UntypedStorage") +
                    pickle::text("0") + pickle::text("cpu") + pickle::number(24)) +
      "Q";
  const std::string arguments = untyped + pickle::number(0) + pickle::numbers({12}) + pickle::numbers({1}) +
                                "\x89" + pickle::ordered_dict() + pickle::global("torch", "uint16");
  const auto typed = read(
      around(pickle::dictionary(pickle::text("t") + pickle::call(utils("_rebuild_tensor_v3"), arguments))));
  EXPECT_EQ(typed.at("t").type, "U16");
  EXPECT_EQ(typed.at("t").data.bytes.size(), 24U);
  expect_error(error_for(around(pickle::dictionary(
                   pickle::text("t") + pickle::call(utils("_rebuild_parameter"),
                                                    pickle::call(utils("_rebuild_parameter"), data))))),
               {"tensor t", "expected a tensor"});
  expect_error(error_for(around(
                   pickle::dictionary(pickle::text("t") + pickle::call(utils("_rebuild_tensor_v2"), "")))),
               {"tensor t", "found 0 values"});
}

TEST(TorchPickle, NewerProtocolsAndTheirNames) {
  // Protocol 4: a frame, short texts, globals from the stack, a memo without numbers.
  const auto name = [](const std::string& text) {
    return "\x8c" + std::string(1, static_cast<char>(text.size())) + text;
  };
  const auto global = [&](const char* module, const char* text) {
    return name(module) + name(text) + "\x93\x94";
  };
  const std::string storage =
      "(" + name("storage") + global("torch", "FloatStorage") + name("0") + name("cpu") + "K\6tQ";
  const std::string value = "}\x94(" + name("t") + global("torch._utils", "_rebuild_tensor_v2") + "(" +
                            storage + pickle::number(0) + "K\6\x85K\1\x85\x89" +
                            global("collections", "OrderedDict") + ")RtRu";
  const std::string body = value + ".";
  const std::string framed = "\x80\x04\x95" + test::little_endian(body.size(), 8) + body;
  const auto parts = torch_parts(framed, {{.name = "archive/data/0", .bytes = kSix}});
  EXPECT_EQ(floats(read(parts).at("t")), (std::vector<float>{1, 2, 3, 4, 5, 6}));
}

TEST(TorchPickle, RefusesEveryOtherGlobalByItsName) {
  const std::string harm = pickle::call(pickle::global("os", "system"), pickle::text("touch /tmp/harm"));
  expect_error(error_for(around(harm)), {"os.system", "refused", "do not trust"});
  expect_error(error_for(around(pickle::dictionary(pickle::text("t") + harm))), {"os.system"});
  for (const auto& [module, name] :
       std::vector<std::pair<const char*, const char*>>{{"builtins", "eval"},
                                                        {"__builtin__", "exec"},
                                                        {"torch", "QInt8Storage"},
                                                        {"torch", "load"},
                                                        {"torch._utils", "_rebuild_qtensor"},
                                                        {"collections", "defaultdict"},
                                                        {"numpy.core.multiarray", "scalar"},
                                                        {"", ""},
                                                        {"torch.FloatStorage", "x"}}) {
    expect_error(error_for(around(pickle::global(module, name))),
                 {std::string(module) + "." + name, "refused"});
  }
  // Names that only look alike, by STACK_GLOBAL too.
  expect_error(error_for(around(pickle::text("os") + pickle::text("system") + "\x93")),
               {"os.system", "refused"});
  expect_error(error_for(around(pickle::global("collections", "OrderedDict ") + ")R")), {"refused"});
  // A global alone is no tensor.
  expect_error(
      error_for(around(pickle::dictionary(pickle::text("t") + pickle::global("torch", "FloatStorage")))),
      {"tensor t", "expected a tensor"});
}

TEST(TorchPickle, RefusesOpcodesThatBuildObjects) {
  const std::string dict = pickle::global("collections", "OrderedDict");
  for (const std::string& value :
       {dict + ")\x81", std::string("i") + "os\nsystem\n", std::string("(") + dict + "o", "\x82\x01" + dict,
        std::string("P0\n"), std::string("I1\n"), std::string("0"), std::string("\xff"), std::string("\x97"),
        std::string("\0", 1)}) {
    expect_error(error_for(around(value)), {"data.pkl: byte", "opcode", "0x"});
  }
}

TEST(TorchPickle, RefusesPicklesThatDoNotAddUp) {
  for (const std::string& value : {std::string(""),
                                   std::string("NN"),
                                   std::string("("),
                                   std::string("(N"),
                                   std::string("a"),
                                   std::string("s"),
                                   std::string("u"),
                                   std::string("t"),
                                   std::string("R"),
                                   std::string("b"),
                                   std::string("Q"),
                                   std::string("\x93"),
                                   std::string("\x87"),
                                   std::string("h\x05"),
                                   std::string("j\xff\xff\xff\xff"),
                                   std::string("q\1"),
                                   std::string("Nr\xff\xff\xff\xff"),
                                   std::string("](K\1K\2u"),
                                   std::string("}(K\1e"),
                                   std::string("}(K\1u"),
                                   std::string("NNR"),
                                   std::string("K\1)R"),
                                   std::string("]}b"),
                                   std::string("K\1K\1\x93"),
                                   std::string("\x80\x06N"),
                                   pickle::global("collections", "OrderedDict") + "N\x85R",
                                   std::string("}(N(u"),
                                   std::string("\x95") + std::string(8, '\x7f'),
                                   std::string("\x8a\x09") + std::string(9, '\1')}) {
    expect_error(error_for(around(value)), {"data.pkl: byte", "expected"});
  }
  // Cut within an opcode, and without an end.
  for (const std::string& text :
       {std::string(""), std::string("\x80"), std::string("\x80\x02"), std::string("\x80\x02X\5\0\0\0abc"),
        std::string("\x80\x02ctorch"), std::string("\x80\x02J\1\2"), std::string("\x80\x02X\xff\xff\xff\xff"),
        std::string("\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\xff")}) {
    expect_error(error_for(torch_parts(text, {})), {"data.pkl: byte"});
  }
}

TEST(TorchPickle, DeepNestingAndMemoBombsEndInALine) {
  // A million lists, each within the other: readers and destructors that recurse would fall over.
  const std::string deep = std::string(900'000, ']') + std::string(899'999, 'a');
  expect_error(error_for(around(deep)), {"expected a dictionary of tensors"});
  expect_error(error_for(around(std::string(1'100'000, ']'))), {"at most 1048576 values"});
  // Each dictionary holds the one before twice: 2^60 leaves for whoever walks them all.
  const std::string before = "h\1", again = "q\1";
  std::string doubling = "}" + again;
  for (int i = 0; i < 60; ++i) {
    doubling = doubling + "}(" + pickle::text("a") + before + pickle::text("b") + before + "u" + again;
  }
  expect_error(error_for(around(pickle::tuple(doubling))), {"expected a dictionary of tensors"});
  expect_error(error_for(around(pickle::dictionary(pickle::text("t") + pickle::tuple(doubling)))),
               {"tensor t", "expected a tensor"});
  // A dictionary within itself.
  expect_error(
      error_for(around(std::string("}q\0(", 4) + pickle::text("state_dict") + std::string("h\0u", 3))),
      {"tensor state_dict", "expected a tensor"});
}

TEST(TorchPickle, RefusesSizesThatOverflow) {
  EXPECT_EQ(error_for(one({2, 3}, {3, 1})), "");
  constexpr int64_t k32 = int64_t{1} << 32, k62 = int64_t{1} << 62;
  expect_error(error_for(one({k32, k32}, {0, 0})), {"tensor t", "below 2^59"});
  expect_error(error_for(one({k62}, {0})), {"tensor t", "below 2^59"});
  expect_error(error_for(one({0, k62}, {0, 0})), {"tensor t", "below 2^59"});
  expect_error(error_for(one({k32}, {0})), {"tensor t", "no more elements than the 6"});
  expect_error(error_for(one({7}, {0})), {"tensor t", "no more elements than the 6"});
  expect_error(error_for(one({2}, {INT64_MAX})), {"within its storage", "9223372036854775807"});
  expect_error(error_for(one({3}, {INT64_MAX})), {"within its storage"});
  expect_error(error_for(one({2, 2}, {INT64_MAX, INT64_MAX})), {"within its storage"});
  expect_error(error_for(one({1}, {1}, INT64_MAX)), {"within its storage"});
  expect_error(error_for(one({2}, {1}, INT64_MAX)), {"within its storage"});
}

TEST(TorchPickle, RefusesTensorsOutsideTheirStorage) {
  expect_error(error_for(one({7}, {1})), {"tensor t", "within its storage of 6", "[7]"});
  expect_error(error_for(one({6}, {1}, 1)), {"within its storage", "offset 1"});
  expect_error(error_for(one({2, 3}, {4, 1})), {"within its storage", "strides [4, 1]"});
  expect_error(error_for(one({-1}, {1})), {"sizes and strides of 0 or more"});
  expect_error(error_for(one({2}, {-1}, 5)), {"sizes and strides of 0 or more"});
  expect_error(error_for(one({2}, {1}, -1)), {"an offset of 0 or more"});
  expect_error(error_for(one({2, 3}, {1})), {"as many strides as sizes"});
  expect_error(error_for(one({1, 1, 1, 1, 1, 1, 1, 1, 1}, std::vector<int64_t>(9, 1))), {"at most 8 sizes"});
}

TEST(TorchPickle, RefusesStoragesThatAreNotAsThePickleSays) {
  const auto with = [](const std::string& key, int64_t elements, const std::string& type = "FloatStorage") {
    return around(pickle::dictionary(
        pickle::text("t") + test::rebuilt_tensor({.name = "", .type = type, .sizes = {1}}, key, elements)));
  };
  EXPECT_EQ(error_for(with("0", 6)), "");
  expect_error(error_for(with("1", 6)), {"tensor t", "archive/data/1", "no such entry"});
  expect_error(error_for(with("../data.pkl", 6)), {"no such entry"});
  expect_error(error_for(with("0", 5)), {"a storage of 5 elements of F32", "24 bytes"});
  expect_error(error_for(with("0", 7)), {"a storage of 7 elements"});
  expect_error(error_for(with("0", -6)), {"a storage of -6 elements"});
  expect_error(error_for(with("0", INT64_MAX)), {"a storage of"});
  expect_error(error_for(with("0", (int64_t{1} << 62) + 6)), {"a storage of"});
  const std::string pairs = pickle::text("a") + tensor_of({6}, {1}) + pickle::text("b") +
                            test::rebuilt_tensor({.name = "", .type = "HalfStorage", .sizes = {1}}, "0", 12);
  expect_error(error_for(around(pickle::dictionary(pairs))), {"tensor b", "as F32", "as F16"});
}

TEST(TorchPickle, ManyTurnedTensorsOfOneStorageAreNoMemoryBomb) {
  std::string pairs;
  for (int i = 0; i < 1000; ++i) pairs += pickle::text("t" + std::to_string(i)) + tensor_of({3, 2}, {1, 3});
  EXPECT_EQ(error_for(around(pickle::dictionary(pairs))), "");  // the names alone are larger
  // 200 tensors of a storage of 1 MB.
  const std::string megabyte(1 << 20, 'x');
  pairs.clear();
  for (int i = 0; i < 200; ++i) {
    pairs +=
        pickle::text("t" + std::to_string(i)) +
        test::rebuilt_tensor({.name = "", .type = "ByteStorage", .sizes = {1024, 1024}, .strides = {1, 1024}},
                             "0", 1 << 20);
  }
  expect_error(error_for(torch_parts(pickle::whole(pickle::dictionary(pairs)),
                                     {{.name = "archive/data/0", .bytes = megabyte}})),
               {"not row-major"});
}

TEST(TorchPickle, RefusesOtherFormatsByTheirNames) {
  const std::string old = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
  expect_error(error_for(old), {"torch 1.6", "older pickle", "torch.save(torch.load("});
  expect_error(error_for(std::string("")), {"zip archive", "0 bytes"});
  expect_error(error_for(std::string(100, 'x')), {"zip archive", "100 bytes"});
  auto script = around(pickle::dictionary(""));
  script.push_back({.name = "archive/constants.pkl", .bytes = "x"});
  expect_error(error_for(script), {"TorchScript", "torch.jit.load"});
  expect_error(error_for(std::vector<ZipPart>{{.name = "a.txt", .bytes = "x"}}), {"data.pkl", "torch.save"});
}

TEST(TorchPickle, RefusesBigEndianFiles) {
  const auto in_order = [](const std::string& order) {
    return torch_parts(pickle::whole(pickle::dictionary("")), {}, "archive/", order);
  };
  EXPECT_EQ(error_for(in_order("little")), "");
  expect_error(error_for(in_order("big")), {"byteorder", "found \"big\"", "little-endian machine"});
  expect_error(error_for(in_order("")), {"byteorder"});
  expect_error(error_for(in_order(std::string(1000, 'x'))), {"byteorder"});
  auto without = in_order("little");
  without.erase(without.begin() + 1);  // torch before 2.1
  EXPECT_EQ(error_for(without), "");
}

TEST(TorchPickle, VerifiesSmallEntriesAlwaysAndTensorsWhenAsked) {
  const auto damaged = [](size_t part) {
    auto parts = one({6}, {1});
    parts[part].crc = 0x12345678;
    return parts;
  };
  expect_error(error_for(damaged(0)), {"checksum 12345678", "data.pkl", "damaged", "download"});
  expect_error(error_for(damaged(1)), {"checksum", "byteorder"});
  expect_error(error_for(damaged(3)), {"checksum", "version"});
  EXPECT_EQ(error_for(damaged(2)), "");
  expect_error(error_for(damaged(2), /*verify=*/true), {"checksum 12345678", "archive/data/0"});
  EXPECT_EQ(error_for(one({6}, {1}), /*verify=*/true), "");
}

}  // namespace
}  // namespace janus
