# JANUS_CUDA: whether the module of the CUDA backend is built. AUTO builds it where a toolkit and a GPU are: its
# kernels take minutes to compile, which nobody without a GPU should wait for. ON asks for the toolkit alone.
# Sets JANUS_CUDA_MODULE.
set(JANUS_CUDA AUTO CACHE STRING "Build the CUDA backend: AUTO (where a toolkit and a GPU are), ON or OFF")
set_property(CACHE JANUS_CUDA PROPERTY STRINGS AUTO ON OFF)
set(JANUS_CUDA_MODULE FALSE)

if(JANUS_CUDA STREQUAL "AUTO" AND NOT EXISTS /dev/nvidiactl)
  set(cuda_wanted FALSE)
else()
  set(cuda_wanted ${JANUS_CUDA})
endif()
if(cuda_wanted)
  # What releases run on; PTX of the newest for GPUs to come. AUTO builds for the GPU that is there, and the preset
  # `cuda` for one.
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES AND JANUS_CUDA STREQUAL "AUTO" AND NOT CMAKE_VERSION VERSION_LESS 3.24)
    set(CMAKE_CUDA_ARCHITECTURES native)
  elseif(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 80-real 86-real 89-real 90-real 100)
  endif()
  if(NOT CMAKE_CUDA_COMPILER AND NOT DEFINED ENV{CUDACXX})
    find_program(CMAKE_CUDA_COMPILER nvcc HINTS /usr/local/cuda/bin)
  endif()
  if(CMAKE_CUDA_COMPILER OR DEFINED ENV{CUDACXX})
    enable_language(CUDA)
    # CMake 3.25 does not know that this nvcc has C++20.
    if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)
      set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
      set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
      list(APPEND CMAKE_CUDA_COMPILE_FEATURES cuda_std_20)
    endif()
    find_package(CUDAToolkit REQUIRED)
    set(JANUS_CUDA_MODULE TRUE)
  elseif(JANUS_CUDA STREQUAL "AUTO")
    message(STATUS "CUDA: no nvcc; building without the CUDA backend")
  else()
    message(FATAL_ERROR "JANUS_CUDA=${JANUS_CUDA}: expected nvcc on the PATH or in /usr/local/cuda/bin, found none; "
                        "install the CUDA toolkit 13 or configure with -DJANUS_CUDA=OFF")
  endif()
endif()

# cuBLASLt is opened when a GPU is, so its header is all that building needs. -DJANUS_CUBLASLT_INCLUDE= names a folder
# beside the toolkit's, of NVIDIA's Python packages, say.
set(JANUS_CUDA_LIBRARY_FOLDER)
set(JANUS_CUDA_LIBRARY_SOURCES ${PROJECT_SOURCE_DIR}/core/cuda/no_cublaslt.cc)
if(JANUS_CUDA_MODULE)
  find_path(JANUS_CUBLASLT_INCLUDE cublasLt.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
  mark_as_advanced(JANUS_CUBLASLT_INCLUDE)
  if(JANUS_CUBLASLT_INCLUDE)
    set(JANUS_CUDA_LIBRARY_FOLDER ${CUDAToolkit_LIBRARY_DIR})
    set(JANUS_CUDA_LIBRARY_SOURCES ${PROJECT_SOURCE_DIR}/core/cuda/cublaslt.cc)
  else()
    message(STATUS "CUDA: no cublasLt.h; all products by own kernels")
  endif()
endif()

# The sources of the backend, which the tests compile for the emulated GPU too.
set(JANUS_CUDA_SOURCES attention.cu conv.cu cuda_device.cc decode.cu depthwise.cu elementwise.cu pack.cu linear.cu memory_pool.cc norm.cu kernel_overlap.cu hardware_peaks.cu)
list(TRANSFORM JANUS_CUDA_SOURCES PREPEND ${PROJECT_SOURCE_DIR}/core/cuda/)
