package io.github.esteira.gateway.problem;

import io.github.esteira.gateway.correlation.RequestId;
import org.apache.tomcat.util.http.InvalidParameterException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ProblemDetail;
import org.springframework.http.ResponseEntity;
import org.springframework.web.ErrorResponseException;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.RestControllerAdvice;
import org.springframework.web.context.request.WebRequest;
import org.springframework.web.servlet.mvc.method.annotation.ResponseEntityExceptionHandler;

/** Writes every exception that reaches the dispatcher, ours and Spring's own, as a problem. */
@RestControllerAdvice
class ProblemAdvice extends ResponseEntityExceptionHandler {

	private static final Logger log = LoggerFactory.getLogger(ProblemAdvice.class);

	/** Tomcat throws this when a query that cannot be decoded is first read. */
	@ExceptionHandler
	@Nullable ResponseEntity<Object> handleBadQuery(InvalidParameterException failure, WebRequest request) {
		ProblemDetail body = ProblemDetail.forStatusAndDetail(HttpStatus.BAD_REQUEST, "The query cannot be decoded.");
		return handleExceptionInternal(failure, body, new HttpHeaders(), HttpStatus.BAD_REQUEST, request);
	}

	/** What went wrong behind the gateway is told in the log, with its cause; the answer says only that it did. */
	@Override
	protected @Nullable ResponseEntity<Object> handleErrorResponseException(ErrorResponseException problem,
			HttpHeaders headers, HttpStatusCode status, WebRequest request) {
		if (status.is5xxServerError()) {
			log.atWarn().setCause(problem.getCause()).log(problem.getBody().getDetail());
		}
		return super.handleErrorResponseException(problem, headers, status, request);
	}

	@ExceptionHandler
	@Nullable ResponseEntity<Object> handleUnexpected(Exception failure, WebRequest request) {
		log.error("Request failed unexpectedly", failure);
		ProblemDetail body = ProblemDetail.forStatusAndDetail(HttpStatus.INTERNAL_SERVER_ERROR,
				"The gateway failed. Report the request id.");
		return handleExceptionInternal(failure, body, new HttpHeaders(), HttpStatus.INTERNAL_SERVER_ERROR, request);
	}

	/** The type is set outright: a client whose Accept is wrong or malformed is told all the same. */
	@Override
	protected ResponseEntity<Object> createResponseEntity(@Nullable Object body, HttpHeaders headers,
			HttpStatusCode status, WebRequest request) {
		if (body instanceof ProblemDetail problem) {
			RequestId.of(request).ifPresent(id -> problem.setProperty("requestId", id));
		}
		return ResponseEntity.status(status)
			.headers(headers)
			.contentType(MediaType.APPLICATION_PROBLEM_JSON)
			.body(body);
	}

}
