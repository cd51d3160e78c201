// cuBLASLt, loaded when a GPU is opened: the module must also run where it is missing.
#include <cublasLt.h>
#include <dlfcn.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <tuple>

#include "core/cuda/blas.h"

namespace janus::cuda {
namespace {

// Where the toolkit that this was built with keeps it, then wherever the system looks.
constexpr const char* kLibraries[] = {JANUS_CUDA_LIBRARY_FOLDER "/libcublasLt.so.13", "libcublasLt.so.13"};

// The library's functions by their names.
struct Api {
  decltype(&cublasLtCreate) create;
  decltype(&cublasLtDestroy) destroy;
  decltype(&cublasLtMatmulDescCreate) create_operation;
  decltype(&cublasLtMatmulDescDestroy) destroy_operation;
  decltype(&cublasLtMatmulDescSetAttribute) set_operation;
  decltype(&cublasLtMatrixLayoutCreate) create_layout;
  decltype(&cublasLtMatrixLayoutDestroy) destroy_layout;
  decltype(&cublasLtMatmulPreferenceCreate) create_preference;
  decltype(&cublasLtMatmulPreferenceDestroy) destroy_preference;
  decltype(&cublasLtMatmulPreferenceSetAttribute) set_preference;
  decltype(&cublasLtMatmulAlgoGetHeuristic) find_algorithm;
  decltype(&cublasLtMatmul) multiply;

  static std::optional<Api> load() {
    void* library = nullptr;
    for (const char* name : kLibraries) {
      if (library == nullptr) library = dlopen(name, RTLD_NOW | RTLD_LOCAL);  // stays loaded
    }
    if (library == nullptr) return std::nullopt;
    Api api{};
    bool complete = true;
    const auto find = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
      complete = complete && function != nullptr;
    };
    find(api.create, "cublasLtCreate");
    find(api.destroy, "cublasLtDestroy");
    find(api.create_operation, "cublasLtMatmulDescCreate");
    find(api.destroy_operation, "cublasLtMatmulDescDestroy");
    find(api.set_operation, "cublasLtMatmulDescSetAttribute");
    find(api.create_layout, "cublasLtMatrixLayoutCreate");
    find(api.destroy_layout, "cublasLtMatrixLayoutDestroy");
    find(api.create_preference, "cublasLtMatmulPreferenceCreate");
    find(api.destroy_preference, "cublasLtMatmulPreferenceDestroy");
    find(api.set_preference, "cublasLtMatmulPreferenceSetAttribute");
    find(api.find_algorithm, "cublasLtMatmulAlgoGetHeuristic");
    find(api.multiply, "cublasLtMatmul");
    return complete ? std::optional(api) : std::nullopt;
  }
};

// Owns one of the library's descriptors.
template <class Handle>
using Owned = std::unique_ptr<std::remove_pointer_t<Handle>, cublasStatus_t (*)(Handle)>;

cudaDataType_t type_of(DType type) { return type == DType::f32 ? CUDA_R_32F : CUDA_R_16BF; }

// The library counts columns first: its A is the weight [depth, columns], transposed, its B the activations
// [depth, rows], its C and D the result [columns, rows].
struct Problem {
  Owned<cublasLtMatmulDesc_t> operation;
  Owned<cublasLtMatrixLayout_t> weight, x, out;
};

class CublasLt : public Blas {
 public:
  CublasLt(const Api& api, cublasLtHandle_t handle) : api_(api), handle_(handle) {}
  ~CublasLt() override { api_.destroy(handle_); }

  bool run(cudaStream_t stream, const BlasGemm& p) override {
    const Problem problem = describe(p, p.rows);
    const std::optional<cublasLtMatmulAlgo_t> algorithm = algorithm_for(p);
    if (!algorithm) return false;
    const float one = 1.0F, before = p.adds ? 1.0F : 0.0F;
    return api_.multiply(handle_, problem.operation.get(), &one, p.weight, problem.weight.get(), p.x,
                         problem.x.get(), &before, p.out, problem.out.get(), p.out, problem.out.get(),
                         &*algorithm, nullptr, 0, stream) == CUBLAS_STATUS_SUCCESS;
  }

 private:
  Problem describe(const BlasGemm& p, int64_t rows) const {
    const auto layout = [&](cudaDataType_t type, int64_t down, int64_t across, int64_t stride) {
      cublasLtMatrixLayout_t made = nullptr;
      api_.create_layout(&made, type, static_cast<uint64_t>(down), static_cast<uint64_t>(across), stride);
      return Owned<cublasLtMatrixLayout_t>(made, api_.destroy_layout);
    };
    cublasLtMatmulDesc_t operation = nullptr;
    // Never TF32, which this compute type excludes.
    api_.create_operation(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F);
    const auto set = [&](cublasLtMatmulDescAttributes_t what, const auto& value) {
      api_.set_operation(operation, what, &value, sizeof value);
    };
    set(CUBLASLT_MATMUL_DESC_TRANSA, CUBLAS_OP_T);
    if (p.bias != nullptr) {
      set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
      set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, p.bias);
    }
    return {.operation = {operation, api_.destroy_operation},
            .weight = layout(type_of(p.type), p.depth, p.columns, p.weight_stride),
            .x = layout(type_of(p.type), p.depth, rows, p.x_stride),
            .out = layout(CUDA_R_32F, p.columns, rows, p.columns)};
  }

  // One for every number of rows: that for an image's.
  std::optional<cublasLtMatmulAlgo_t> algorithm_for(const BlasGemm& p) {
    constexpr int64_t kImageRows = 576;
    const Key key{p.columns, p.depth, p.weight_stride, p.x_stride, p.type, p.bias != nullptr, p.adds};
    const std::lock_guard lock(mutex_);
    const auto known = algorithms_.find(key);
    if (known != algorithms_.end()) return known->second;
    const Problem problem = describe(p, kImageRows);
    cublasLtMatmulPreference_t made = nullptr;
    api_.create_preference(&made);
    const Owned<cublasLtMatmulPreference_t> preference(made, api_.destroy_preference);
    const auto set = [&](cublasLtMatmulPreferenceAttributes_t what, const auto& value) {
      api_.set_preference(preference.get(), what, &value, sizeof value);
    };
    // No splitting of the depth: how far it went would depend on the rows.
    set(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, uint32_t{CUBLASLT_REDUCTION_SCHEME_NONE});
    set(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t{0});
    for (const auto operand :
         {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES}) {
      set(operand, uint32_t{16});
    }
    cublasLtMatmulHeuristicResult_t found{};
    int count = 0;
    const cublasStatus_t status =
        api_.find_algorithm(handle_, problem.operation.get(), problem.weight.get(), problem.x.get(),
                            problem.out.get(), problem.out.get(), preference.get(), 1, &found, &count);
    const bool is_there =
        status == CUBLAS_STATUS_SUCCESS && count > 0 && found.state == CUBLAS_STATUS_SUCCESS;
    return algorithms_[key] = is_there ? std::optional(found.algo) : std::nullopt;
  }

  // columns, depth, strides, type, whether there is a bias, and whether it adds.
  using Key = std::tuple<int64_t, int64_t, int64_t, int64_t, DType, bool, bool>;

  Api api_;
  cublasLtHandle_t handle_;
  std::mutex mutex_;
  std::map<Key, std::optional<cublasLtMatmulAlgo_t>> algorithms_;
};

}  // namespace

std::unique_ptr<Blas> open_blas() {
  const char* const wanted = std::getenv("JANUS_CUDA_LIBRARIES");
  if (wanted != nullptr && std::string_view(wanted) == "off") return nullptr;
  const std::optional<Api> api = Api::load();
  cublasLtHandle_t handle = nullptr;
  if (!api || api->create(&handle) != CUBLAS_STATUS_SUCCESS) return nullptr;
  return std::make_unique<CublasLt>(*api, handle);
}

}  // namespace janus::cuda
