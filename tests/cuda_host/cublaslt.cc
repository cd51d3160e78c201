// A cuBLASLt that multiplies with plain loops, and ends the program where a call is not what the library's
// documentation asks for: the real one would give wrong numbers or refuse.
#include "tests/cuda_host/cublasLt.h"

#include <cstdio>
#include <cstdlib>
#include <map>

struct CudaHostOperation {
  cublasOperation_t transposed = CUBLAS_OP_N;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const float* bias = nullptr;
};
struct CudaHostLayout {
  cudaDataType_t type;
  int64_t rows, columns, leading;
};
struct CudaHostPreference {
  std::map<int, uint64_t> values;
};

namespace {

constexpr uint64_t kAlgorithm = 0x6A616E7573;
int64_t products = 0;

void require(bool right, const char* what) {
  if (right) return;
  std::fprintf(stderr, "cuda_host, cuBLASLt: expected %s\n", what);
  std::abort();
}

template <typename T>
T value_as(const void* value, size_t bytes) {
  require(bytes == sizeof(T), "an attribute of its own size");
  T result;
  std::memcpy(&result, value, sizeof result);
  return result;
}

float number(const CudaHostLayout& layout, const void* data, int64_t row, int64_t column) {
  const int64_t at = row + column * layout.leading;
  if (layout.type == CUDA_R_32F) return static_cast<const float*>(data)[at];
  const uint32_t bits = uint32_t{static_cast<const uint16_t*>(data)[at]} << 16;
  return value_as<float>(&bits, sizeof bits);
}

void require_layout(const CudaHostLayout& layout, const void* data) {
  const int64_t bytes = layout.type == CUDA_R_32F ? 4 : 2;
  require(layout.leading >= layout.rows, "a leading dimension of a whole column");
  require(layout.leading * bytes % 16 == 0 && reinterpret_cast<uintptr_t>(data) % 16 == 0,
          "columns aligned to 16 bytes, as the preference says");
}

void require_shapes(const CudaHostOperation& operation, const CudaHostLayout& a, const CudaHostLayout& b,
                    const CudaHostLayout& d) {
  require(operation.transposed == CUBLAS_OP_T, "the first operand transposed");
  require(a.rows == b.rows && a.columns == d.rows && b.columns == d.columns, "operands that fit");
  require(a.type == b.type && d.type == CUDA_R_32F, "operands of one type, and a result in f32");
  require((operation.epilogue == CUBLASLT_EPILOGUE_BIAS) == (operation.bias != nullptr),
          "a bias with its epilogue");
}

}  // namespace

int64_t cuda_host_products() { return products; }

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  *handle = &products;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t) { return CUBLAS_STATUS_SUCCESS; }

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* made, cublasComputeType_t compute,
                                        cudaDataType_t scale) {
  require(compute == CUBLAS_COMPUTE_32F && scale == CUDA_R_32F, "sums in f32");
  *made = new CudaHostOperation;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t operation) {
  delete operation;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t operation,
                                              cublasLtMatmulDescAttributes_t what, const void* value,
                                              size_t bytes) {
  if (what == CUBLASLT_MATMUL_DESC_TRANSA) operation->transposed = value_as<cublasOperation_t>(value, bytes);
  if (what == CUBLASLT_MATMUL_DESC_EPILOGUE) operation->epilogue = value_as<cublasLtEpilogue_t>(value, bytes);
  if (what == CUBLASLT_MATMUL_DESC_BIAS_POINTER) operation->bias = value_as<const float*>(value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* made, cudaDataType_t type, uint64_t rows,
                                          uint64_t columns, int64_t leading) {
  *made = new CudaHostLayout{type, static_cast<int64_t>(rows), static_cast<int64_t>(columns), leading};
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete layout;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* made) {
  *made = new CudaHostPreference;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete preference;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference,
                                                    cublasLtMatmulPreferenceAttributes_t what,
                                                    const void* value, size_t bytes) {
  preference->values[what] = what == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES
                                 ? value_as<uint64_t>(value, bytes)
                                 : value_as<uint32_t>(value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t operation,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int wanted,
                                              cublasLtMatmulHeuristicResult_t results[], int* found) {
  require_shapes(*operation, *a, *b, *d);
  require(c->rows == d->rows && wanted == 1, "a result for itself");
  const auto& values = preference->values;
  require(values.at(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES) == 0 &&
              values.at(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK) == CUBLASLT_REDUCTION_SCHEME_NONE,
          "sums in one sequence, without a workspace");
  for (int what = CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES;
       what <= CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES; ++what) {
    require(values.at(what) == 16, "16 bytes of alignment: the default is 256");
  }
  results[0] = {.algo = {{kAlgorithm, static_cast<uint64_t>(d->rows)}},
                .workspaceSize = 0,
                .state = CUBLAS_STATUS_SUCCESS};
  *found = 1;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t operation, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t c_layout, void* d, cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void*, size_t workspace_bytes,
                              cudaStream_t) {
  require_shapes(*operation, *a_layout, *b_layout, *d_layout);
  require_layout(*a_layout, a);
  require_layout(*b_layout, b);
  require_layout(*d_layout, d);
  require(c == d && c_layout->leading == d_layout->leading, "a result in its place");
  require(algorithm->data[0] == kAlgorithm && algorithm->data[1] == static_cast<uint64_t>(d_layout->rows),
          "the algorithm that was found for this product");
  require(workspace_bytes == 0, "no workspace");
  const float factor = *static_cast<const float*>(alpha), before = *static_cast<const float*>(beta);
  for (int64_t column = 0; column < d_layout->columns; ++column) {
    for (int64_t row = 0; row < d_layout->rows; ++row) {
      float sum = 0.0F;
      for (int64_t k = 0; k < a_layout->rows; ++k) {
        sum += number(*a_layout, a, k, row) * number(*b_layout, b, k, column);
      }
      float& to = static_cast<float*>(d)[row + column * d_layout->leading];
      to = factor * sum + (before == 0.0F ? 0.0F : before * to) +
           (operation->bias == nullptr ? 0.0F : operation->bias[row]);
    }
  }
  ++products;
  return CUBLAS_STATUS_SUCCESS;
}
