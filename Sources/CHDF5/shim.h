#pragma once
#include <hdf5.h>

// Swift does not import macros with casts or globals, so each constant has an inline function.
static inline unsigned tessera_H5F_ACC_TRUNC(void) { return H5F_ACC_TRUNC; }
static inline unsigned tessera_H5F_ACC_RDONLY(void) { return H5F_ACC_RDONLY; }
static inline hid_t tessera_H5P_FILE_CREATE(void) { return H5P_FILE_CREATE; }
static inline hid_t tessera_H5P_FILE_ACCESS(void) { return H5P_FILE_ACCESS; }
static inline hid_t tessera_H5P_DATASET_CREATE(void) { return H5P_DATASET_CREATE; }
static inline hid_t tessera_H5P_GROUP_CREATE(void) { return H5P_GROUP_CREATE; }
static inline hid_t tessera_H5T_IEEE_F64LE(void) { return H5T_IEEE_F64LE; }
static inline hid_t tessera_H5T_IEEE_F32LE(void) { return H5T_IEEE_F32LE; }
static inline hid_t tessera_H5T_STD_I64LE(void) { return H5T_STD_I64LE; }
static inline hid_t tessera_H5T_STD_I32LE(void) { return H5T_STD_I32LE; }
static inline hid_t tessera_H5T_STD_I16LE(void) { return H5T_STD_I16LE; }
static inline hid_t tessera_H5T_STD_I8LE(void) { return H5T_STD_I8LE; }
static inline hid_t tessera_H5T_STD_U64LE(void) { return H5T_STD_U64LE; }
static inline hid_t tessera_H5T_STD_U32LE(void) { return H5T_STD_U32LE; }
static inline hid_t tessera_H5T_STD_U16LE(void) { return H5T_STD_U16LE; }
static inline hid_t tessera_H5T_STD_U8LE(void) { return H5T_STD_U8LE; }
static inline hid_t tessera_H5T_C_S1(void) { return H5T_C_S1; }
static inline hid_t tessera_all_files(void) { return (hid_t)H5F_OBJ_ALL; }
static inline unsigned tessera_H5F_OBJ_ALL(void) { return H5F_OBJ_ALL; }

// Since 1.12 the struct has another name, and the old name is another struct.
#if H5_VERSION_GE(1, 12, 0)
typedef H5O_info1_t tessera_H5O_info_t;
#else
typedef H5O_info_t tessera_H5O_info_t;
#endif
static inline herr_t tessera_H5Oget_info2(hid_t id, tessera_H5O_info_t *info) {
  return H5Oget_info2(id, info, H5O_INFO_BASIC);
}
