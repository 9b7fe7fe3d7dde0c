/*
 * A stand-in for libnvidia-ml with the functions that the tool calls: two GPUs with known values. The file
 * named by NVML_STUB_STATE holds a line "loss_code gpm calls": after loss_code becomes nonzero every call
 * for GPU 1 returns it. Structures are declared here anew from the documented API of NVML 12.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stddef.h>
#include <unistd.h>

typedef struct { unsigned gpu, memory; } utilization;
typedef struct { unsigned long long total, free, used; } memory_v1;
typedef struct { unsigned version; unsigned long long total, reserved, free, used; } memory_v2;
typedef struct {
  char bus_id_legacy[16];
  unsigned domain, bus, device, pci_device_id, pci_subsystem_id;
  char bus_id[32];
} pci_info;
typedef struct {
  unsigned pid; unsigned long long used_gpu_memory; unsigned gpu_instance_id, compute_instance_id;
} process_info;
typedef struct {
  unsigned field_id, scope_id; long long timestamp, latency_usec;
  int value_type; int nvml_return;
  union { double d; int i; unsigned u; unsigned long ul; unsigned long long ull; long long ll; unsigned short us; } value;
} field_value;
typedef struct { unsigned long long reference_time, violation_time; } violation_time;
typedef struct { unsigned version, is_supported; } gpm_support;
typedef struct {
  unsigned metric_id; int nvml_return; double value;
  struct { char *short_name, *long_name, *unit; } info;
} gpm_metric;
typedef struct { unsigned version, count; void *sample1, *sample2; gpm_metric metrics[98]; } gpm_get;

/* Sizes and offsets in the order of the test's table. */
int stub_layout(int which) {
  switch (which) {
    case 0: return sizeof(utilization);
    case 1: return offsetof(utilization, memory);
    case 2: return sizeof(memory_v1);
    case 3: return offsetof(memory_v1, used);
    case 4: return sizeof(memory_v2);
    case 5: return offsetof(memory_v2, total);
    case 6: return offsetof(memory_v2, used);
    case 7: return sizeof(pci_info);
    case 8: return offsetof(pci_info, bus_id);
    case 9: return sizeof(process_info);
    case 10: return offsetof(process_info, used_gpu_memory);
    case 11: return sizeof(field_value);
    case 12: return offsetof(field_value, value_type);
    case 13: return offsetof(field_value, nvml_return);
    case 14: return offsetof(field_value, value);
    case 15: return sizeof(violation_time);
    case 16: return offsetof(violation_time, violation_time);
    case 17: return sizeof(gpm_support);
    case 18: return sizeof(gpm_metric);
    case 19: return offsetof(gpm_metric, value);
    case 20: return offsetof(gpm_get, metrics);
    case 21: return offsetof(gpm_get, sample2);
    case 22: return offsetof(memory_v2, reserved);
    case 23: return offsetof(memory_v2, free);
  }
  return -1;
}

static int initialised = 0;
static unsigned long long energy = 1000000;

/* The first number of the state file: what GPU 1 answers, 8000: GPU 0 is left out of the list and GPU 1 is the
   first of it, or 9000+code: what nvmlInit answers. */
static int state(void) {
  const char *path = getenv("NVML_STUB_STATE");
  FILE *file = path ? fopen(path, "r") : NULL;
  int code = 0;
  if (file) { if (fscanf(file, "%d", &code) != 1) code = 0; fclose(file); }
  return code;
}
static int check(void *device) {
  if (!initialised) return 1;
  int code = state();
  return code > 0 && code < 8000 && device == (void *)0x1001 ? code : 0;
}
#define GUARD int code = check(device); if (code) return code

int nvmlInit_v2(void) { int code = state(); if (code >= 9000) return code - 9000; initialised = 1; return 0; }
int nvmlShutdown(void) { initialised = 0; return 0; }
int nvmlSystemGetDriverVersion(char *out, unsigned n) { snprintf(out, n, "570.00.stub"); return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { if (!initialised) return 1; const char *n = getenv("NVML_STUB_GPUS"); *count = (n ? atoi(n) : 2) - (state() == 8000); return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **out) {
  *out = (void *)(unsigned long)(0x1000 + i + (state() == 8000)); return check(*out);
}
int nvmlDeviceGetName(void *device, char *out, unsigned n) { GUARD; snprintf(out, n, "Stub H100"); return 0; }
int nvmlDeviceGetPciInfo_v3(void *device, pci_info *out) {
  GUARD; memset(out, 0, sizeof *out); snprintf(out->bus_id, 32, "00000000:%02X:00.0", (unsigned)(0x19 + 0x22 * ((unsigned long)device - 0x1000)) & 0xff);
  return 0;
}
int nvmlDeviceGetUtilizationRates(void *device, utilization *out) { GUARD; out->gpu = 29; out->memory = 7; return 0; }
int nvmlDeviceGetEncoderUtilization(void *device, unsigned *u, unsigned *p) { GUARD; *u = 3; *p = 100; return 0; }
int nvmlDeviceGetDecoderUtilization(void *device, unsigned *u, unsigned *p) { GUARD; return 3; }
int nvmlDeviceGetMemoryInfo_v2(void *device, memory_v2 *m) {
  GUARD; if (m->version != (sizeof(memory_v2) | 2 << 24)) return 25;
  m->total = 85899345920ULL; m->reserved = 643825664ULL; m->used = 4294967296ULL; m->free = 80960552960ULL; return 0;
}
int nvmlDeviceGetPowerUsage(void *device, unsigned *mw) { GUARD; *mw = 345678; return 0; }
int nvmlDeviceGetEnforcedPowerLimit(void *device, unsigned *mw) { GUARD; *mw = 700000; return 0; }
int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *mj) { GUARD; *mj = energy += 500; return 0; }
int nvmlDeviceGetTemperature(void *device, unsigned sensor, unsigned *c) { GUARD; *c = 61; return 0; }
int nvmlDeviceGetFanSpeed(void *device, unsigned *p) { GUARD; return 3; }
int nvmlDeviceGetClockInfo(void *device, unsigned type, unsigned *mhz) { GUARD; *mhz = 1000 + type; return 0; }
int nvmlDeviceGetMaxClockInfo(void *device, unsigned type, unsigned *mhz) { GUARD; *mhz = 1980 + type; return 0; }
int nvmlDeviceGetPerformanceState(void *device, unsigned *p) { GUARD; *p = 2; return 0; }
int nvmlDeviceGetCurrentClocksThrottleReasons(void *device, unsigned long long *r) { GUARD; *r = 4; return 0; }
int nvmlDeviceGetViolationStatus(void *device, unsigned policy, violation_time *v) {
  GUARD; v->reference_time = 1; v->violation_time = 2500000000ULL * (policy + 1); return 0;
}
int nvmlDeviceGetPcieThroughput(void *device, unsigned counter, unsigned *kbs) {
  GUARD; if (!getenv("NVML_STUB_FAST")) usleep(20000); *kbs = counter == 0 ? 1500 : 2500; return 0;
}
int nvmlDeviceGetPcieReplayCounter(void *device, unsigned *n) { GUARD; *n = 12; return 0; }
int nvmlDeviceGetCurrPcieLinkGeneration(void *device, unsigned *n) { GUARD; *n = 4; return 0; }
int nvmlDeviceGetMaxPcieLinkGeneration(void *device, unsigned *n) { GUARD; *n = 5; return 0; }
int nvmlDeviceGetCurrPcieLinkWidth(void *device, unsigned *n) { GUARD; *n = 8; return 0; }
int nvmlDeviceGetMaxPcieLinkWidth(void *device, unsigned *n) { GUARD; *n = 16; return 0; }
int nvmlDeviceGetTotalEccErrors(void *device, unsigned type, unsigned scope, unsigned long long *n) {
  GUARD; *n = 100 * type + 10 * scope + 1; return 0;
}
int nvmlDeviceGetRetiredPages(void *device, unsigned cause, unsigned *count, unsigned long long *addresses) {
  GUARD; *count = cause + 5; return addresses ? 0 : 7;
}
int nvmlDeviceGetRetiredPagesPendingStatus(void *device, unsigned *n) { GUARD; return 4; }
int nvmlDeviceGetRemappedRows(void *device, unsigned *a, unsigned *b, unsigned *c, unsigned *d) {
  GUARD; *a = 1; *b = 2; *c = 0; *d = 1; return 0;
}
int nvmlDeviceGetMigMode(void *device, unsigned *now, unsigned *pending) {
  GUARD; *now = *pending = device == (void *)0x1001; return 0;
}
int nvmlDeviceGetMaxMigDeviceCount(void *device, unsigned *n) { GUARD; *n = 7; return 0; }
int nvmlDeviceGetMigDeviceHandleByIndex(void *device, unsigned i, void **out) {
  GUARD; if (i != 2) return 6; *out = (void *)0x2002; return 0;
}
int nvmlDeviceGetComputeRunningProcesses_v3(void *device, unsigned *count, process_info *out) {
  GUARD; if (*count < 2) { *count = 2; return 7; }
  *count = 2;
  out[0].pid = 4242; out[0].used_gpu_memory = 1073741824ULL;
  out[1].pid = 4243; out[1].used_gpu_memory = ~0ULL;
  return 0;
}
int nvmlDeviceGetFieldValues(void *device, int n, field_value *v) {
  GUARD;
  for (int i = 0; i < n; i++) {
    v[i].nvml_return = 0;
    if (v[i].field_id == 82) { v[i].value_type = 1; v[i].value.u = 71; }
    else if (v[i].field_id == 186) { v[i].value_type = 1; v[i].value.u = 351234; }
    else v[i].nvml_return = 3;
  }
  return 0;
}
int nvmlGpmQueryDeviceSupport(void *device, gpm_support *s) {
  GUARD; if (s->version != 1) return 25; s->is_supported = device == (void *)0x1000; return 0;
}
int nvmlGpmSampleAlloc(void **out) { *out = calloc(1, 64); return 0; }
int nvmlGpmSampleFree(void *sample) { free(sample); return 0; }
static int samples = 0;
int nvmlGpmSampleGet(void *device, void *sample) { GUARD; *(int *)sample = ++samples; return 0; }
int nvmlGpmMetricsGet(gpm_get *get) {
  if (get->version != 1) return 25;
  /* The older sample must stand first. */
  if (*(int *)get->sample1 >= *(int *)get->sample2) return 2;
  for (unsigned i = 0; i < get->count; i++) {
    gpm_metric *m = &get->metrics[i];
    m->nvml_return = m->metric_id == 5 ? 3 : 0;
    m->value = m->metric_id >= 20 ? 100.0 : 42.0;
  }
  return 0;
}
