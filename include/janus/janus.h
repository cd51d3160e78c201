// All of janus that a program includes: models, the engine, conversations, image files. Link janus::janus,
// and janus::builtin_model for what generator/builtin_model.h declares (docs/library.md).
#pragma once

#include <janus/core/base/error.h>
#include <janus/core/checkpoint/checkpoint.h>
#include <janus/core/tensor/device.h>
#include <janus/generator/builtin_model.h>
#include <janus/generator/conversation.h>
#include <janus/generator/engine/engine.h>
#include <janus/generator/limits.h>
#include <janus/generator/memory_check.h>
#include <janus/generator/model.h>
#include <janus/version.h>
#include <janus/vision/image_file.h>
