package io.github.esteira.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Checks what every problem answer must have, and returns its body for what only one has. */
final class ProblemAssert {

	private static final JsonMapper JSON = JsonMapper.shared();

	private ProblemAssert() {
	}

	static JsonNode assertProblem(HttpResponse<String> answer, int status) {
		assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
		assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
		JsonNode body = JSON.readTree(answer.body());
		assertThat(body.path("status").asInt()).isEqualTo(status);
		assertThat(body.path("title").asString()).isNotEmpty();
		assertThat(body.path("requestId").asString())
			.isEqualTo(answer.headers().firstValue("X-Request-Id").orElseThrow());
		return body;
	}

	static JsonNode assertProblem(HttpResponse<String> answer, int status, String type) {
		JsonNode body = assertProblem(answer, status);
		assertThat(body.path("type").asString()).isEqualTo("urn:problem:api-gateway:" + type);
		return body;
	}

}
